"""Load by wrk, which takes a tenth of the CPU time of any Python client."""

import json
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from bench.load.http import Request, Target
from bench.measure.latency import Latency
from bench.measure.measurement import Measurement
from bench.measure.usage import Usage

WRK = "/usr/bin/wrk"
_SCRIPT = Path(__file__).with_name("wrk.lua")


class WrkResult(NamedTuple):
    """What wrk counted. Errors are other statuses than 2xx and 3xx, failed connections and timeouts."""

    requests: int
    seconds: float
    latency: Latency
    errors: int

    def measured(self, usage: Usage, name: str, **fields: Any) -> Measurement:
        """Return the measurement of a block in which it ran."""
        own = {"count": self.requests, "seconds": self.seconds, "latency": self.latency, "errors": self.errors}
        return Measurement.of(usage, name=name, unit="request", **own, **fields)


def run(target: Target, requests: Iterable[Request], *, concurrency: int, seconds: float) -> WrkResult:
    """Send these requests in turn again and again, `concurrency` at a time."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(f"{_line(request)}\n" for request in requests)
        file.flush()
        load = ("--threads=1", f"--connections={concurrency}", f"--duration={seconds:g}s", "--timeout=10s")
        url = f"http://{target.host}:{target.port}/"
        command = (WRK, *load, f"--script={_SCRIPT}", url, "--", file.name)
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own
    return parse(output)


def parse(output: str) -> WrkResult:
    """Return the result in the output of `wrk.lua`."""
    found = json.loads(output.partition("RESULT ")[2])
    latency = Latency(*(found[name] / 1000 for name in ("p50", "p95", "p99")))
    return WrkResult(found["requests"], found["microseconds"] / 1e6, latency, found["statuses"] + found["failures"])


def _line(request: Request) -> str:
    body = "" if request.body is None else json.dumps(request.body)
    return f"{request.method}\t{request.path}\t{request.token}\t{body}"
