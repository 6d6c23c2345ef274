"""The nemesis of tests/faults: what a seed determines, and how a list of faults is shortened."""

from collections.abc import Sequence

from tests.faults.support.nemesis import Fault, schedule, shortest

KINDS = {"kill": ["users", "feeds"], "flush": ["redis"]}


def test_seed_determines_the_faults() -> None:
    faults = schedule(7, 60, KINDS)
    assert faults == schedule(7, 60, KINDS)
    assert faults != schedule(8, 60, KINDS)
    assert {(fault.kind, fault.target) for fault in faults} == {
        ("kill", "users"),
        ("kill", "feeds"),
        ("flush", "redis"),
    }
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    assert faults[-1].at <= 60


def test_shortest_list_has_only_the_faults_that_are_needed() -> None:
    faults = schedule(7, 60, KINDS)
    needed = {faults[3], faults[17]}
    tried: list[int] = []

    def fails(fewer: Sequence[Fault]) -> bool:
        tried.append(len(fewer))
        return needed <= set(fewer)

    assert shortest(faults, fails) == sorted(needed)
    assert len(tried) < 3 * len(faults)
