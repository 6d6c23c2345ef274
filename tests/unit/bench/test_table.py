from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.measure.latency import Latency
from bench.measure.measurement import Measurement
from bench.report import picture, results, table


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
    measured = Measurement("mix", "request", 10, 1, latency=Latency(1, 2, 3), cpu={"web": 1})
    results.write(tmp_path / "results.json", [measured])
    assert results.read(tmp_path / "results.json") == [measured]


def test_picture_has_a_row_for_each_measurement_with_a_cost() -> None:
    mix = Measurement("mix <60>", "request", 1000, 10, latency=Latency(1, 2, 3), cpu={"web": 2, "redis": 1})
    root = ET.fromstring(picture.draw([mix, Measurement("no cost", "post", 1, 1)]))  # noqa: S314 - ours
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"mix <60>", "100", "3.00"} <= {*texts}
    assert "no cost" not in texts


def test_axis_of_the_picture_is_logarithmic_and_has_ends() -> None:
    distances = [picture.position(milliseconds) for milliseconds in (0.0, 0.01, 0.1, 1, 10, 100, 1000)]
    assert distances[0] == distances[1]
    assert distances[-1] == distances[-2]
    steps = [later - earlier for earlier, later in pairwise(distances[1:-1])]
    assert steps == pytest.approx([steps[0]] * 4, abs=0.2)
