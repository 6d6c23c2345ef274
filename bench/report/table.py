"""The table of measurements, as lines of text."""

from collections.abc import Iterable, Mapping

from bench.measure.measurement import Measurement

_HEAD = (
    "",
    "per s",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "errors",
    "CPU ms",
    "RabbitMQ",
    "PostgreSQL",
    "Redis",
    "of one",
    "MB",
)
_WIDTHS = (-44, 9, 9, 9, 9, 8, 9, 10, 11, 8, 9, 7)


def lines(measurements: Iterable[Measurement]) -> Iterable[str]:
    """Yield the head and a row for each measurement; `CPU ms` is that of our processes."""
    yield _line(_HEAD)
    for measurement in measurements:
        yield row(measurement)


def row(measurement: Measurement) -> str:
    """Return the row of a measurement, and its other figures below it."""
    latency = measurement.latency or ("", "", "")
    costs = [measurement.ours, *measurement.servers.values()] if measurement.cpu else [""] * 4
    values = [measurement.rate, *latency, str(measurement.errors or ""), *costs, measurement.unit]
    cells = (measurement.name, *map(number, values), number(measurement.megabytes or ""))
    others = [_values(measurement.figures), _values(measurement.by_program)]
    return "\n".join([_line(cells), *(f"    {other}" for other in others if other)])


def number(value: object) -> str:
    """Return a number with about three significant digits, and text unchanged."""
    if not isinstance(value, (int, float)):
        return str(value)
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3  # noqa: PLR2004
    return f"{value:,.{digits}f}"


def _values(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {number(value)}" for name, value in figures.items())


def _line(cells: Iterable[str]) -> str:
    pairs = zip(cells, _WIDTHS, strict=True)
    return "".join(cell.ljust(-width) if width < 0 else cell.rjust(width) for cell, width in pairs).rstrip()
