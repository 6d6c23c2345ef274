from bench.compare import lines, spread
from bench.measure.latency import Latency
from bench.measure.measurement import Measurement


def test_spread_is_the_median_with_the_smallest_and_the_largest() -> None:
    assert spread([0.5, 0.25, 1.0]) == "0.50 (0.25-1.00)"


def test_figure_that_a_run_does_not_have_is_left_out() -> None:
    assert spread([0.5, None]) == ""


def test_measurements_that_all_runs_have_are_compared_by_cost_rate_and_latency() -> None:
    base = Measurement("mix", "request", 100, 10, latency=Latency(2, 3, 4), cpu={"gateway.app": 1}, memory={"a": 10})
    head = Measurement("mix", "request", 400, 10, latency=Latency(1, 1, 1), cpu={"gateway.app": 1}, memory={"a": 5})
    new = Measurement("new", "request", 1, 1)
    _, row = lines([({"mix": base}, {"mix": head, "new": new})])
    assert row.split() == [
        "mix",
        "0.25",
        "(0.25-0.25)",
        "4.00",
        "(4.00-4.00)",
        *("0.50", "(0.50-0.50)"),
        *("0.25", "(0.25-0.25)"),
        *("0.50", "(0.50-0.50)"),
    ]
