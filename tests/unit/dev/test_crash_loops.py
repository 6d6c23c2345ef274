from dev.platform.control import Status
from dev.platform.readiness import CrashLoops


def status(started: int, state: str = "RUNNING") -> Status:
    return Status("applications", "users.service", state, 1, started)


def test_crash_loop_is_reported_once() -> None:
    crash_loops = CrashLoops()
    reports = [crash_loops.update([status(1000 + 5 * n)]) for n in range(8)]
    assert [report for report in reports if report] == [["users.service"]]


def test_rare_restarts_are_not_reported() -> None:
    crash_loops = CrashLoops()
    assert not [name for n in range(20) for name in crash_loops.update([status(1000 + 300 * n)])]


def test_program_given_up_by_supervisord_is_reported_at_once() -> None:
    assert CrashLoops().update([status(1000, "FATAL")]) == ["users.service"]
