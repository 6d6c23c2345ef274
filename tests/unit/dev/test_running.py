"""The steps of the suite, as they are run."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from docker.dev.environment import MissingVariableError
from docker.dev.running import Runner, summarise
from docker.dev.suite import Step
from docker.dev.waiting import until

HERE = {"PATH": os.environ["PATH"], "WORD": "Karibu"}


def python(title: str, code: str) -> Step:
    return Step(title, ("python", "-c", code))


def test_a_step_prints_its_lines_with_the_margin_of_its_lane(capfd: pytest.CaptureFixture[str]) -> None:
    step = Step("hello", ("python", "-c", "print('one'); print('{WORD}')"))
    (result,) = Runner().run_all([step], HERE, "here | ")
    assert result.outcome == "passed"
    assert capfd.readouterr().out.splitlines() == ["", "here | --- hello", "here | one", "here | Karibu"]


def test_a_step_may_add_to_the_environment() -> None:
    code = "import os; assert os.environ['GREETING'] == 'Karibu!'"
    step = Step("greeting", ("python", "-c", code), environment={"GREETING": "{WORD}!"})
    assert [result.good for result in Runner().run_all([step], HERE)] == [True]


def test_every_step_runs_also_after_a_failure_and_then_the_suite_has_failed() -> None:
    results = Runner().run_all([python("bad", "raise SystemExit(3)"), python("good", "")], HERE)
    assert [result.outcome for result in results] == ["FAILED (exit code 3)", "passed"]
    assert summarise(results) == 1
    assert summarise(results[1:]) == 0


def test_the_end_of_the_output_names_what_failed_in_each_step(capfd: pytest.CaptureFixture[str]) -> None:
    reason = "FAILED tests/unit/test_it.py::test_it - assert 1 == 2"
    steps = [python("bad", f"print('a dot'); print('{reason}'); raise SystemExit(1)"), python("good", "")]
    results = Runner().run_all(steps, HERE, "lane | ")
    capfd.readouterr()
    summarise(results)
    assert capfd.readouterr().out.splitlines()[-2:] == ["  bad: FAILED (exit code 1)", f"    {reason}"]


def test_a_step_whose_folders_are_not_there_is_left_out() -> None:
    (result,) = Runner().run_all([Step("nothing", ("false",), ("no/such/folder",))], HERE)
    assert (result.outcome, result.good) == ("no tests", True)


def test_a_step_that_needs_a_variable_says_its_name() -> None:
    with pytest.raises(MissingVariableError, match="set AMQP_URI too"):
        Runner().run_all([Step("broker", ("echo", "{AMQP_URI}"))], HERE)


def test_stopping_ends_what_runs_and_begins_nothing_more(said: Callable[[str], bool]) -> None:
    runner = Runner()
    steps = [python("endless", "import time; print('here', flush=True); time.sleep(600)"), python("never", "")]
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(runner.run_all, steps, HERE)
        until(lambda: said("here"), "the step to run", 10)
        runner.stop()
        (result,) = running.result(timeout=10)
    assert result.outcome == "FAILED (exit code -2)"


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Callable[[str], bool]:
    def said(word: str) -> bool:
        return word in capfd.readouterr().out.split()

    return said
