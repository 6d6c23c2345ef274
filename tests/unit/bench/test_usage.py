import pytest

from bench.measure.measurement import Measurement
from bench.measure.usage import Sample, Totals


def test_cpu_time_counts_from_the_first_sample_and_memory_is_the_largest() -> None:
    totals = Totals()
    totals.add({"users": Sample((1, 0), 10, 100), "redis": Sample((2, 0), 5, 20)})
    totals.add({"users": Sample((1, 0), 12, 150), "redis": Sample((2, 0), 5.5, 20)})
    totals.add({"users": Sample((1, 0), 13, 120), "redis": Sample((2, 0), 6, 20)})
    assert totals.cpu == {"users": 3, "redis": 1}
    assert totals.memory == {"users": 150, "redis": 20}


def test_a_restarted_program_keeps_the_cpu_time_of_its_earlier_process() -> None:
    totals = Totals()
    totals.add({"users": Sample((1, 0), 10, 100)})
    totals.add({"users": Sample((1, 0), 14, 100)})
    totals.add({"users": Sample((9, 0), 1, 100)})
    totals.add({})
    totals.add({"users": Sample((9, 0), 2, 100)})
    assert totals.cpu == {"users": 6}


def test_a_program_that_starts_later_counts_from_its_first_sample() -> None:
    totals = Totals()
    totals.add({})
    totals.add({"users": Sample((1, 0), 3, 100)})
    totals.add({"users": Sample((1, 0), 5, 100)})
    assert totals.cpu == {"users": 2}


def test_cost_of_a_unit_is_ours_and_apart_that_of_each_server() -> None:
    cpu = {"users.service": 1, "gateway.app": 2, "rabbitmq": 0.5, "postgresql": 0.25, "redis": 0.125}
    measured = Measurement("posts", "post", 1000, 10, cpu=cpu, memory={"users.service": 80, "redis": 9})
    assert measured.rate == 100
    assert measured.ours == 3
    assert measured.servers == {"rabbitmq": 0.5, "postgresql": 0.25, "redis": 0.125}
    assert measured.total == pytest.approx(3.875)
    assert measured.by_program == {"gateway.app": 2, "users.service": 1}
    assert measured.megabytes == 80
