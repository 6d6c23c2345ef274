"""Whether a platform is ready, and which programs fail."""

import ssl
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial

from dev.machine.waiting import GiveUpError, until
from dev.platform.control import Control, Status
from dev.servers import LIMIT

_MANY, _WINDOW = 4, 60  # starts, and the seconds in which so many of them are a crash loop


class CrashLoops:
    """Finds programs that supervisord restarts again and again, and reports each once."""

    def __init__(self) -> None:
        self._starts: defaultdict[str, set[int]] = defaultdict(set)
        self._known: set[str] = set()

    def update(self, statuses: Iterable[Status]) -> list[str]:
        """Return the names of the programs that are newly in a crash loop, or given up by supervisord (FATAL)."""
        before, self._known = self._known, {status.name for status in statuses if self._crashes(status)}
        return sorted(self._known - before)

    def _crashes(self, status: Status) -> bool:
        starts = self._starts[status.name] | {status.started}
        self._starts[status.name] = {start for start in starts if start >= status.started - _WINDOW}
        return len(self._starts[status.name]) >= _MANY or status.state == "FATAL"


def wait_ready(environment: Mapping[str, str], control: Control) -> None:
    """Wait until every process runs and every gateway is ready; raise GiveUpError at the first crash loop."""
    urls = dict.fromkeys((*environment["BARAZA_GATEWAYS"].split(), environment["BARAZA_URL"]))
    until(partial(_require_all_ready, control, CrashLoops(), urls), f"{' and '.join(urls)} to be ready", LIMIT)


def _require_all_ready(control: Control, crash_loops: CrashLoops, urls: Iterable[str]) -> None:
    statuses = [status for status in control.statuses() if status.group != "monitoring"]
    if crashing := crash_loops.update(statuses):
        raise GiveUpError(f"{', '.join(crashing)} cannot start")
    if waiting := [status.name for status in statuses if status.state != "RUNNING"]:
        raise RuntimeError(f"{', '.join(waiting)} not running")
    for url in urls:
        require_ready(url)


def require_ready(url: str) -> None:
    """Raise OSError unless the gateway at this address is ready."""
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - the certificate need not name 127.0.0.1
    urllib.request.urlopen(f"{url}/readyz", timeout=5, context=context).close()  # noqa: S310 - http or https
