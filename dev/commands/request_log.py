"""`make request-log id=…`: show the log lines of one request, of all processes, in the order of time.

With `-` the logs come from standard input: `docker-compose logs --no-color | python -m dev request-log <id> -`.
"""

import re
import sys
from collections.abc import Iterator

from dev import DevError
from dev.platform.instance import Instance

# The time of an entry, in a line of text or of JSON, perhaps after the name of its container.
_TIME = re.compile(r'^(?:[\w.-]+ +\| )?(?:\{"time": ")?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{3})', re.MULTILINE)


def request_log(request_id: str = "", source: str = "") -> int:
    """Print the entries of a request. Raises DevError if no id is given, or no log has it."""
    if not request_id:
        raise DevError("give the id of a request: make request-log id=<X-Request-ID>")
    files = Instance("run").log.glob("*.log*")
    logs = {"": sys.stdin.read()} if source == "-" else {file.name: file.read_text(errors="replace") for file in files}
    pattern = re.compile(rf'\[{re.escape(request_id)}]|"request_id": "{re.escape(request_id)}"')
    found = [(time, name, text) for name in logs for time, text in entries(logs[name]) if pattern.search(text)]
    if not found:
        raise DevError(f"no log has the request id {request_id}")
    for _, name, text in sorted(found):
        print(f"{name.partition('.log')[0]:<24} {text}" if name else text)
    return 0


def entries(log: str) -> Iterator[tuple[str, str]]:
    """Yield time and text of each entry; lines without a time, such as a traceback's, belong to the one before."""
    times = [(match[1].replace("T", " ").replace(",", "."), match.start()) for match in _TIME.finditer(log)]
    starts = [start for _, start in times] + [len(log)]
    for (time, start), end in zip(times, starts[1:], strict=True):
        yield time, log[start:end].rstrip()
