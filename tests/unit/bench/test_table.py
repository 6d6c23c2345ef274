from pathlib import Path

import pytest

from bench.measure.latency import Latency
from bench.measure.measurement import Measurement
from bench.report import results, table


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,234"), (12.34, "12.3"), (1.234, "1.23"), (0.1234, "0.123"), ("", ""), ("post", "post")],
)
def test_numbers_have_about_three_digits(value: object, text: str) -> None:
    assert table.number(value) == text


def test_row_has_rate_latency_errors_costs_and_memory() -> None:
    measured = Measurement(
        "mix", "request", 1000, 10, 3, Latency(1, 2, 3), {"web": 2, "redis": 1}, {"web": 90}, {"posts/s": 7}
    )
    first, *others = table.row(measured).splitlines()
    cells = ["mix", "100", "1.00", "2.00", "3.00", "3", "2.00", "0.000", "0.000", "1.00", "request", "90.0"]
    assert first.split() == cells
    assert [line.strip() for line in others] == ["posts/s 7.00", "web 2.00"]


def test_stored_measurement_is_read_again(tmp_path: Path) -> None:
    measured = Measurement("mix", "request", 10, 1, latency=Latency(1, 2, 3), cpu={"web": 1}, grown_from="small mix")
    results.write(tmp_path / "results.json", [measured])
    assert results.read(tmp_path / "results.json") == [measured]
