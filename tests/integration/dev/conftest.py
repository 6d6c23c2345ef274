"""The stand-ins as they run in the platform: processes of their own, on ports of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import requests

from docker.dev import ports
from docker.dev.waiting import until

Start = Callable[..., str]
KEY = "a key that only this test knows"


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a stand-in and wait until its HTTP side answers; all of them end with the test."""
    processes: list[subprocess.Popen[bytes]] = []

    def _start(module: str, http_port: int, *arguments: object) -> str:
        words = [sys.executable, "-m", module, *map(str, arguments)]
        processes.append(subprocess.Popen(words, env={**os.environ, "AFRICASTALKING_API_KEY": KEY}))  # noqa: S603
        url = f"http://127.0.0.1:{http_port}"
        until(lambda: requests.get(f"{url}/messages", timeout=5).ok, module, 20)
        return url

    yield _start
    for process in processes:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.fixture
def free_ports() -> dict[str, int]:
    return ports.choose(["first", "second"], {})
