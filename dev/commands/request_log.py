"""`make request-log id=…`: show the log lines of one request, of all processes, in the order of time.

With `-` the logs come from standard input: `compose logs --no-color | .venv/bin/python -m dev request-log <id> -`.
"""

import re
import sys
from collections.abc import Iterator

from dev import DevError
from dev.platform.instance import Instance

# The name of a container, if there is one, and the time of an entry, in a line of text or of JSON.
_LINE = re.compile(r'([\w.-]+ +\| )?(?:(?:\{"time": ")?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{3}))?')


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
    """Yield time and text of each entry; a line without a time, as in a traceback, belongs to its container's last."""
    found: list[tuple[str, list[str]]] = []
    last: dict[str | None, list[str]] = {}  # lines of the last entry of a container
    for line in log.splitlines():
        container, time = _LINE.match(line).groups()  # type: ignore[union-attr] # matches every line
        if time:
            last[container] = [line]
            found.append((time.replace("T", " ").replace(",", "."), last[container]))
        elif container in last:
            last[container].append(line)
    for time, lines in found:
        yield time, "\n".join(lines).rstrip()
