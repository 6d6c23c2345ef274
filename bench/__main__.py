"""Run scenarios and print what they measured: `python -m bench [name,name]`.

Variables: FULL=1 adds the long scenarios; DATABASE=postgresql puts feeds and notifications on PostgreSQL; RESULTS names
the JSON file. The picture has the same name and ends with .svg.
"""

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from bench.measure.measurement import Measurement
from bench.platform import Platform, running
from bench.report import picture, results, table
from bench.scenarios import FULL, OTHERS, SCENARIOS, Scenario
from dev import DevError
from dev.machine.files import INSTANCES

DIRECTORY = INSTANCES / "bench-results"


def main(only: str = "") -> int:
    """Return the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    known = {**SCENARIOS, **FULL, **OTHERS}
    names = only.split(",") if only else [*SCENARIOS, *(FULL if os.environ.get("FULL") else ())]
    if unknown := set(names) - known.keys():
        print(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    file = Path(os.environ.get("RESULTS") or DIRECTORY / "results.json")
    try:
        with running(os.environ.get("DATABASE") or "sqlite") as platform:
            measurements, failed = _run_all(platform, {name: known[name] for name in names}, file)
    except DevError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print("", *table.lines(measurements), f"\n{file}", *failed, sep="\n")
    return int(bool(failed))


def _run_all(platform: Platform, scenarios: Mapping[str, Scenario], file: Path) -> tuple[list[Measurement], list[str]]:
    """Run the scenarios; return what they measured, and a line for each that failed."""
    measurements: list[Measurement] = []
    failed = []
    for name, scenario in scenarios.items():
        try:
            measurements += _run(platform, name, scenario)
        except DevError as error:
            failed.append(f"{name} failed: {error}")
            print(failed[-1], flush=True)
        _write(file, measurements)
    return measurements, failed


def _write(file: Path, measurements: list[Measurement]) -> None:
    """Write the JSON file and the picture; after each scenario, so that an interrupted run leaves what it has."""
    results.write(file, measurements)
    file.with_suffix(".svg").write_text(picture.draw(measurements))


def _run(platform: Platform, name: str, scenario: Scenario) -> list[Measurement]:
    """Run a scenario and print its rows."""
    started, measurements = time.monotonic(), []
    print(f"\n{name}", flush=True)
    for measurement in scenario(platform):
        print(table.row(measurement), flush=True)
        measurements.append(measurement)
    print(f"  {time.monotonic() - started:.0f} s", flush=True)
    return measurements


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
