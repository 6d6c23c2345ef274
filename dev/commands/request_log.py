"""`make request-log id=…`: show the log lines of one request, of all processes, in the order of time.

With `-` the logs come from standard input: `docker-compose logs --no-color | python -m dev request-log <id> -`.
"""

import re
import sys
from collections.abc import Iterable, Iterator

from dev import DevError
from dev.platform.instance import Instance

# The time of an entry, in a line of text or of JSON, perhaps after the name of its container.
_TIME = re.compile(r'(?:[\w.-]+ +\| )?(?:\{"time": ")?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{3})')


def request_log(request_id: str = "", source: str = "") -> int:
    """Print the entries of a request."""
    logs = (
        [("", sys.stdin)]
        if source == "-"
        else [
            (file.name.partition(".log")[0], file.open(errors="replace")) for file in Instance("run").log.glob("*.log*")
        ]
    )
    pattern = re.compile(rf'\[{re.escape(request_id)}]|"request_id": "{re.escape(request_id)}"')
    found = [(time, process, text) for process, lines in logs for time, text in entries(lines) if pattern.search(text)]
    if not found:
        raise DevError(f"no log has the request id {request_id}")
    for _, process, text in sorted(found):
        print(f"{process:<24} {text}" if process else text)
    return 0


def entries(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield time and text of each entry; lines without a time, such as a traceback's, belong to the one before."""
    time, text = "", ""
    for line in lines:
        if found := _TIME.match(line):
            if time:
                yield time, text.rstrip()
            time, text = re.sub("[T,]", lambda sign: {"T": " ", ",": "."}[sign[0]], found[1]), ""
        text += line
    if time:
        yield time, text.rstrip()
