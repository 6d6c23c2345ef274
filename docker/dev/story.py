"""`make story id=…`: what the logs of all processes say of one request, in the order of time.

Also of a platform elsewhere: `docker-compose logs --no-color | python -m docker.dev.story <request id> -`.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from docker.dev.instance import Instance

_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) (\w+) +\[([^]]*)] (.*)")
_SOURCE = re.compile(r"([\w.-]+) +\| ")  # as compose writes it
_EXTRA = ("outcome", "ms", "caller")


@dataclass(order=True)
class Entry:
    """What a process said at a moment; `text` may have several lines."""

    moment: str
    process: str
    level: str
    request_id: str
    text: str


def main(request_id: str, source: str | None = None) -> int:
    """Print the story of a request; return 1 if nothing is known of it."""
    found = sorted(one for one in _everything(source) if one.request_id == request_id)
    for entry in found:
        print(f"{entry.moment[11:]}  {entry.process:<24} {entry.level:<8} {entry.text}")
    if not found:
        print(f"no log speaks of {request_id}", file=sys.stderr)
    return int(not found)


def _everything(source: str | None) -> Iterator[Entry]:
    if source == "-":
        yield from entries("-", sys.stdin)
        return
    for file in (Instance("run").directory / "log").glob("*.log*"):
        with file.open(encoding="utf-8", errors="replace") as lines:
            yield from entries(file.name.partition(".log")[0], lines)


def entries(process: str, lines: Iterable[str]) -> list[Entry]:
    """Read a log in either format; lines that begin no entry, as a traceback's do, belong to the one before."""
    found: list[Entry] = []
    for line in lines:
        entry = _entry(process, line.rstrip())
        if entry:
            found.append(entry)
        elif found:
            found[-1].text += f"\n{line.rstrip()}"
    return found


def _entry(process: str, line: str) -> Entry | None:
    if source := _SOURCE.match(line):
        process, line = source[1], line[source.end() :]
    if line.startswith("{"):
        return _of_json(process, line)
    found = _LINE.match(line)
    return Entry(found[1].replace(",", "."), process, found[2].lower(), found[3], found[4]) if found else None


def _of_json(process: str, line: str) -> Entry | None:
    try:
        said = json.loads(line)
        extra = [f"{name}={said[name]}" for name in _EXTRA if name in said]
        text = " ".join([f"{said['logger']}: {said['message']}", *extra])
        text += f"\n{said['exception']}" if "exception" in said else ""
        moment = said["time"].replace("T", " ")[:23]
        return Entry(moment, process, said["level"], said["request_id"], text)
    except (ValueError, KeyError, TypeError):
        return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
