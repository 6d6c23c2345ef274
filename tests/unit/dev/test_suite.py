"""The steps of the suite, and how a test is found for `make try`."""

import os
import threading

import pytest

from dev import DevError
from dev.machine.files import ROOT
from dev.machine.waiting import until
from dev.suite import steps
from dev.suite.commands import narrowed, try_one
from dev.suite.runner import Result, Runner, summarise
from dev.suite.steps import Step

HERE = {"PATH": os.environ["PATH"], "WORD": "Karibu"}


def python(title: str, code: str) -> Step:
    return Step(title, ("python", "-c", code))


def test_step_gets_variables_of_the_instance() -> None:
    code = "import os; assert os.environ['GREETING'] == 'Karibu'"
    step = Step("greeting", ("python", "-c", code), environment={"GREETING": "WORD"})
    assert [result.exit_code for result in Runner().run_all([step], HERE)] == [0]
    with pytest.raises(DevError, match="set GREETING too"):
        Runner().run_all([step], {"PATH": HERE["PATH"]})


def test_all_steps_run_after_a_failure_and_the_suite_fails() -> None:
    results = Runner().run_all([python("bad", "raise SystemExit(3)"), python("good", "")], HERE)
    assert [result.outcome for result in results] == ["FAILED (exit code 3)", "passed"]
    assert summarise(results) == 1
    assert summarise(results[1:]) == 0


def test_summary_ends_with_the_failed_tests(capfd: pytest.CaptureFixture[str]) -> None:
    reason = "FAILED tests/unit/test_it.py::test_it - assert 1 == 2"
    results = Runner().run_all([python("bad", f"print('a dot'); print('{reason}'); raise SystemExit(1)")], HERE)
    capfd.readouterr()
    summarise([*results, Result("good", 0)])
    assert capfd.readouterr().out.splitlines()[-2:] == ["  bad: FAILED (exit code 1)", f"    {reason}"]


def test_stop_interrupts_the_running_step_and_starts_no_more(capfd: pytest.CaptureFixture[str]) -> None:
    runner, results = Runner(), list[Result]()
    endless = python("endless", "import time; print('here', flush=True); time.sleep(600)")
    thread = threading.Thread(target=lambda: results.extend(runner.run_all([endless, python("never", "")], HERE)))
    thread.start()
    try:
        until(lambda: "here\n" in capfd.readouterr().out, "the step to run", 30)
    finally:
        runner.stop()
        thread.join(30)
    assert [result.outcome for result in results] == ["FAILED (exit code -2)", "nothing to run"]


def found(path: str) -> dict[str, list[tuple[str, ...]]]:
    return {lane.name: [step.folders for step in chosen] for lane in steps.TRY if (chosen := [*narrowed(lane, path)])}


@pytest.mark.parametrize(
    ("path", "lanes"),
    [
        ("tests/unit/dev", [""]),
        ("tests/gateway/test_presence.py::test_it", ["try"]),
        ("tests/integration/feeds", ["try", "try-postgresql"]),
        ("tests/integration/notifications/inbox", ["try", "try-postgresql"]),
        ("tests/integration/notifications/inbox/test_stopped_process.py", ["try-postgresql"]),
        ("tests/integration/notifications/inbox/test_lock.py::test_it", ["try-postgresql"]),
        ("tests/e2e/posts/test_posts.py", ["try-e2e"]),
        ("tests/faults/test_junk.py", ["try-faults"]),
        ("tests/scale/test_load_balancer.py", ["try-scale"]),
    ],
)
def test_path_runs_where_the_suite_runs_it(path: str, lanes: list[str]) -> None:
    assert found(path) == {lane: [(path,)] for lane in lanes}


def test_files_that_a_step_leaves_out_exist() -> None:
    words = [word for lane in (*steps.TEST, *steps.TRY) for step in lane.steps for word in step.command]
    ignored = [word.removeprefix("--ignore=") for word in words if word.startswith("--ignore=")]
    assert ignored
    assert [path for path in ignored if not (ROOT / path).exists()] == []


def test_every_folder_of_tests_can_be_run() -> None:
    folders = {str(file.parent.relative_to(ROOT)) for file in (ROOT / "tests").rglob("test_*.py")}
    assert [folder for folder in folders if not found(folder)] == []


@pytest.mark.parametrize("path", ["", "tests/no_such_test.py", "no/such/folder::test_it"])
def test_missing_path_is_an_error(path: str) -> None:
    with pytest.raises(DevError, match="does not exist"):
        try_one(path)
