"""The logs of the platform's processes, which supervisord writes a moment after the processes."""

import requests

from dev.machine.waiting import until
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY

LIMIT = 30  # seconds


def logs_with(platform: Instance, response: requests.Response) -> str:
    """Wait until the gateway's log has the line of this response's request; return all logs."""
    request_id = response.headers["X-Request-ID"]
    until(lambda: f"[{request_id}]" in read_logs(platform, f"{GATEWAY}*.log"), "a line of the request", LIMIT)
    return read_logs(platform, "*.log")


def read_logs(platform: Instance, names: str) -> str:
    """Return the logs whose file names match."""
    files = platform.log.rglob(names)
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
