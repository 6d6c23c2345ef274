"""Background tasks of the web process that end."""

import time
from itertools import count

import gevent
import pytest
from gevent.event import Event

from gateway.server import background
from gateway.server.background import GIVE_UP, STABLE, Background


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a clock that the test moves."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(background, "RESTART", 0)
    return now


class Task:
    """Runs until the test lets it fail."""

    def __init__(self) -> None:
        self.fail = Event()
        self.starts = count(1)
        self.started = 0

    def run(self) -> None:
        self.started = next(self.starts)
        self.fail.wait()
        self.fail.clear()
        raise KeyError("unforeseen")

    def end(self) -> None:
        """Let the running task fail, and wait until it is started again."""
        before = self.started
        self.fail.set()
        with gevent.Timeout(5):
            while self.started == before:
                gevent.sleep(0)


@pytest.fixture
def task() -> Task:
    return Task()


@pytest.fixture
def tasks(task: Task, now: list[float]) -> Background:
    assert now
    tasks = Background()
    tasks.start(task.run)
    gevent.sleep(0)
    return tasks


def test_task_is_started_again_after_an_unhandled_exception(
    tasks: Background, task: Task, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        task.end()
    assert task.started == 4
    assert caplog.text.count("the task Task.run failed") == 3
    assert tasks.failing() == []


def test_process_is_failing_while_a_task_ends_again_and_again(tasks: Background, task: Task, now: list[float]) -> None:
    for _ in range(GIVE_UP):
        task.end()
        now[0] += 1
    assert tasks.failing() == []
    now[0] += 1
    task.end()
    assert tasks.failing() == ["Task.run"]
    now[0] += STABLE
    assert tasks.failing() == []


def test_single_failures_do_not_add_up(tasks: Background, task: Task, now: list[float]) -> None:
    for _ in range(10):
        task.end()
        now[0] += STABLE
    assert tasks.failing() == []
