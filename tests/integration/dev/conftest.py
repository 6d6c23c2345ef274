"""The fakes as they run in the platform: processes of their own, on ports of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from dev.machine.state import free_ports
from dev.machine.waiting import until

Start = Callable[..., tuple[str, int]]
KEY = "a key that only this test knows"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a fake until the test ends; return its HTTP address and its SMTP port."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(fake: str, **variables: str) -> tuple[str, int]:
        ports = free_ports(["http", "smtp"])
        options = ("--port", ports["http"], "--smtp-port", ports["smtp"], "--folder", tmp_path)
        command = [sys.executable, "-m", "dev.fakes", fake, *map(str, options)]
        environment = {**os.environ, "AFRICASTALKING_API_KEY": KEY, **variables}
        processes.append(subprocess.Popen(command, env=environment))  # noqa: S603 - our own
        url = f"http://127.0.0.1:{ports['http']}"
        until(lambda: requests.get(f"{url}/messages", timeout=5).ok, fake, 20)
        return url, ports["smtp"]

    yield start
    for process in processes:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
