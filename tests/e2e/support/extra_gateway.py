"""A gateway beside those of the platform, on the same servers and services, with its own settings."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from dev.machine import processes
from dev.machine.files import ROOT
from dev.machine.state import free_ports
from dev.machine.waiting import until
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY, process_variables

LIMIT = 30  # seconds
COMMAND = (sys.executable, "-m", "gateway.server")


@contextmanager
def extra_gateway(
    platform: Instance, ca: Path | None = None, stop: signal.Signals = signal.SIGQUIT, **settings: str
) -> Iterator[str]:
    """Run a gateway and return its URL.

    `ca` is the file of the authority that issued its certificate, if any. It is stopped with the signal `stop`: at
    SIGTERM gunicorn waits for its connections, at SIGQUIT it does not.
    """
    port = free_ports(["port"])["port"]
    own = {"PORT": str(port), "WEB_CONCURRENCY": "1", processes.MARKER: str(platform.directory)}
    own |= process_variables(platform.environment, GATEWAY)
    environment = {**os.environ, **platform.environment, **own, **settings}
    url = f"{'https' if ca else 'http'}://127.0.0.1:{port}"
    log = _log_file(platform, url).open("wb")
    with log, subprocess.Popen(COMMAND, cwd=ROOT, env=environment, stdout=log, stderr=log) as process:  # noqa: S603 - ours
        try:
            verify = str(ca) if ca else True
            until(lambda: requests.get(f"{url}/readyz", timeout=LIMIT, verify=verify).ok, "another gateway", LIMIT)
            yield url
        finally:
            process.send_signal(stop)
            process.wait(LIMIT)


def log_of(platform: Instance, url: str) -> str:
    """Return the log of the gateway at this URL."""
    return _log_file(platform, url).read_text(encoding="utf-8")


def _log_file(platform: Instance, url: str) -> Path:
    return platform.log / f"gateway-{url.rpartition(':')[2]}.log"
