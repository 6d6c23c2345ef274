"""The JSON file: the measurements with a description of the machine."""

import json
import platform
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

from bench.measure.measurement import Measurement
from chassis import clock
from dev.machine.files import ROOT

_VERSIONS = {
    "RabbitMQ": ("dpkg-query", "--show", "--showformat=${Version}", "rabbitmq-server"),
    "PostgreSQL": ("dpkg-query", "--show", "--showformat=${Version}", "postgresql"),
    "Redis": ("dpkg-query", "--show", "--showformat=${Version}", "redis-server"),
    "revision": ("git", "describe", "--always", "--dirty"),
}


def write(file: Path, measurements: Iterable[Measurement]) -> None:
    """Write the file."""
    document = {"machine": machine(), "measurements": [measurement.dump() for measurement in measurements]}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1) + "\n")


def read(file: Path) -> list[Measurement]:
    """Return the measurements of a file."""
    return [Measurement.load(stored) for stored in json.loads(file.read_text())["measurements"]]


def machine() -> dict[str, Any]:
    """Describe the machine, the versions and the revision."""
    return {
        "time": clock.now().isoformat(timespec="seconds"),
        "processors": psutil.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.freedesktop_os_release().get('PRETTY_NAME', '')}, Linux {platform.release()}",
        "Python": sys.version.split()[0],
        **{name: _output(command) for name, command in _VERSIONS.items()},
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _output(command: tuple[str, ...]) -> str:
    """Return the output of a command, empty if it fails."""
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT).stdout.strip()  # noqa: S603 - our own
