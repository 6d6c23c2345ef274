"""Whether the platform is ready, and what to show when it is not."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from docker.dev import tls
from docker.dev.commands import last_lines
from docker.dev.control import Control
from docker.dev.deaths import Deaths
from docker.dev.waiting import GiveUpError, until

_LIMIT = 90  # seconds


def wait(environment: Mapping[str, str], control: Control) -> None:
    """Wait until every process runs and every gateway is ready; GiveUpError as soon as one keeps dying."""
    deaths = Deaths()
    urls = dict.fromkeys((*environment["BARAZA_GATEWAYS"].split(), environment["BARAZA_URL"]))

    def ready() -> None:
        statuses = control.statuses()
        if dying := deaths.update(statuses):
            raise GiveUpError(f"{', '.join(dying)} cannot start")
        if waiting := [status.name for status in statuses if status.state != "RUNNING"]:
            raise RuntimeError(f"{', '.join(waiting)} not running")
        for url in urls:
            get_ready(url)

    until(ready, f"{' and '.join(urls)} to be ready", _LIMIT)


def failures(control: Control, log: Path) -> str:
    """Return the end of the log of every program that should run and does not; empty before there is any."""
    if not control.available():
        return ""
    down = [status for status in control.statuses() if status.state not in {"RUNNING", "STOPPED"}]
    return "\n".join(f"  {status.name} ({log / status.name}.log):\n{_tail(log, status.name)}" for status in down)


def get_ready(url: str) -> None:
    """Raise unless the gateway at this address is ready."""
    probe = f"{url}/readyz"
    with urllib.request.urlopen(probe, timeout=5, context=tls.unverified(url)):  # noqa: S310  it is http or https
        pass


def _tail(log: Path, program: str) -> str:
    file = log / f"{program}.log"
    return last_lines(file.read_text(errors="replace")) if file.exists() else "    no log"
