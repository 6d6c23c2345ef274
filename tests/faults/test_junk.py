"""Junk from raw sockets: no server error, no hanging connection, no process that ends, no leak."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import requests

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import NewClient
from tests.e2e.support.raw_http import exchange
from tests.faults.support.junk import Junk, fields
from tests.faults.support.settings import JUNK, LONG, SEED

CLIENTS = 4
GROWTH = 32 * 2**20  # bytes of a process
SPARE_FILES = 20  # of a process, such as connections to the broker that were opened meanwhile
UNKNOWN_CODING = 501  # RFC 9112, section 6.1: the response to a transfer coding that the server does not know
END_OF_SESSION = ("/logout/", "/account/")  # after these, a token would cause nothing but 401
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")

pytestmark = pytest.mark.timeout(0 if LONG else 120)


def test_junk_causes_no_server_error_no_exit_and_no_leak(platform: Instance, new_user: NewClient) -> None:
    url = platform.environment["BARAZA_GATEWAYS"].split()[0]
    document = requests.get(f"{url}/openapi.json", timeout=15).json()
    paths = {path: fields(document, path) for path in document["paths"] if not path.endswith(END_OF_SESSION)}
    tokens = [str(new_user(notify_by=[]).token) for _ in range(CLIENTS)]
    junk = [Junk(SEED + number, paths, tokens[number : number + 1]) for number in range(CLIENTS)]
    statuses = send(url, junk, JUNK // 10)  # so that caches and pools are filled
    before = processes(platform)
    statuses += send(url, junk, JUNK - JUNK // 10)
    print(f"\nstatuses: {sorted(statuses.items())}")  # noqa: T201 - the report of `make faults`
    assert statuses[requests.codes.unauthorized] < JUNK / 5, "the tokens were not valid"
    until(lambda: check_growth(before, processes(platform)), "files to be closed", 30)


def send(url: str, junk: list[Junk], count: int) -> Counter[int]:
    """Send junk from several clients; return the responses by status, 0 for a connection that ended without one."""

    def client(source: Junk) -> Counter[int]:
        statuses: Counter[int] = Counter()
        for _ in range(count // len(junk)):
            parts = source.parts()
            try:
                received = exchange(url, *parts, end=True)
            except TimeoutError:
                pytest.fail(f"the gateway does not close the connection after {parts!r}")
            found = [int(status) for status in _STATUS.findall(received)] or [0]
            if max(found) >= requests.codes.server_error and max(found) != UNKNOWN_CODING:
                pytest.fail(f"{received[:500]!r} after {parts!r}")
            statuses.update(found)
        return statuses

    with ThreadPoolExecutor(len(junk)) as pool:
        return sum(pool.map(client, junk), Counter[int]())


def processes(platform: Instance) -> dict[int, tuple[str, int, int]]:
    """Return name, memory in bytes and open files of each process of the applications."""
    names = [status.name for status in platform.control.statuses() if status.group == "applications"]
    found = {pid: (name, psutil.Process(pid)) for name in names for pid in platform.control.pids(name)}
    return {pid: (name, one.memory_info().rss, one.num_fds()) for pid, (name, one) in found.items()}


def check_growth(before: dict[int, tuple[str, int, int]], after: dict[int, tuple[str, int, int]]) -> None:
    assert before.keys() == after.keys(), "a process ended"
    for pid, (name, memory, files) in after.items():
        assert memory < before[pid][1] + GROWTH, f"{name} grew from {before[pid][1]} to {memory} bytes"
        assert files < before[pid][2] + SPARE_FILES, f"{name} has {files} files open, before {before[pid][2]}"
