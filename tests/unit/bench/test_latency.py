from bench.measure.latency import Latency, percentile


def test_percentile_is_the_smallest_value_that_is_not_less_than_the_share() -> None:
    values = list(range(1, 101))
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1)] == [50, 95, 99, 100]


def test_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 0.5) == percentile([7.0], 0.99) == 7.0


def test_latency_is_in_milliseconds_and_needs_no_order() -> None:
    assert Latency.of([0.003, 0.001, 0.002]) == (2, 3, 3)


def test_without_requests_there_is_no_latency() -> None:
    assert Latency.of([]) is None
