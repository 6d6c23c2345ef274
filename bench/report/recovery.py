"""The table of docs/reliability.md#recovery, from the JSON file of a run: `python -m bench.report.recovery FILE`."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.measure.measurement import Measurement
from bench.report import results

_COLUMNS = ("requests", "inboxes", "websockets", "e-mail", "SMS")
_QUEUES = "delete queue"  # one row for all of them


def lines(measurements: Iterable[Measurement]) -> Iterator[str]:
    """Yield the head and a row for each fault, with the slowest of the deleted queues."""
    rows = defaultdict[str, list[Measurement]](list)
    for measurement in measurements:
        rows[_QUEUES if measurement.name.startswith(_QUEUES) else measurement.name].append(measurement)
    yield f"| fault | {' | '.join(_COLUMNS)} |"
    yield f"| --- |{' ---: |' * len(_COLUMNS)}"
    for name, found in rows.items():
        slowest = (max(one.figures[column] for one in found) for column in _COLUMNS)
        title = f"{name}, the slowest of {len(found)}" if len(found) > 1 else name
        yield f"| {title} | {' | '.join(f'{seconds:.1f}' for seconds in slowest)} |"


if __name__ == "__main__":
    print(*lines(results.read(Path(sys.argv[1]))), sep="\n")
