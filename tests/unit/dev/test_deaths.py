"""Who keeps dying."""

from docker.dev.control import Status
from docker.dev.deaths import Deaths


def status(started: int, state: str = "RUNNING") -> Status:
    return Status("applications", "users.service", state, 1, started)


def test_a_program_that_runs_on_is_not_reported() -> None:
    deaths = Deaths()
    assert not [name for _ in range(100) for name in deaths.update([status(1000)])]


def test_a_program_that_is_started_again_and_again_is_reported_once() -> None:
    deaths = Deaths()
    reports = [deaths.update([status(1000 + 5 * n)]) for n in range(8)]
    assert [report for report in reports if report] == [["users.service"]]


def test_a_program_that_dies_now_and_then_is_not_reported() -> None:
    deaths = Deaths()
    assert not [name for n in range(20) for name in deaths.update([status(1000 + 300 * n)])]


def test_a_program_that_the_supervisor_has_given_up_is_reported_at_once() -> None:
    assert Deaths().update([status(1000, "FATAL")]) == ["users.service"]
