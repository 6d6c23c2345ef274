"""The logs of the platform's processes, which supervisord writes a moment after the processes."""

import requests

from dev.machine.waiting import until
from dev.platform.instance import Instance

LIMIT = 30  # seconds


def logs_with(platform: Instance, response: requests.Response) -> str:
    """Wait until the logs have a line of this response's request; return all logs."""
    request_id = response.headers["X-Request-ID"]
    until(lambda: f"[{request_id}]" in _read(platform), "a line of the request", LIMIT)
    return _read(platform)


def _read(platform: Instance) -> str:
    files = platform.log.rglob("*.log")
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
