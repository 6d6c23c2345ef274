from prometheus_client import CollectorRegistry, Histogram, generate_latest

from bench.measure import stalls


def test_stalls_are_bounded_by_the_bucket_of_the_longest_between_two_scrapes() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("baraza_hub_stall_seconds", "Stalls.", buckets=(0.001, 0.01, 0.05, 1), registry=registry)
    histogram.observe(0.7)
    before = stalls.parse(generate_latest(registry).decode())
    for _ in range(99):
        histogram.observe(0.005)
    histogram.observe(0.02)
    after = stalls.parse(generate_latest(registry).decode())
    assert stalls.bound(before, after, 0.99) == 0.01
    assert stalls.bound(before, after, 1) == 0.05
