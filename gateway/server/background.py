"""Runs the web process's background tasks, and starts one again that ends."""

import logging
import time
from collections.abc import Callable

import gevent

from chassis.observability import error_reports

RESTART = 1  # seconds until a task that ended is started again
STABLE = 60  # seconds without an end, after which a task counts as recovered
GIVE_UP = 30  # seconds of repeated ends, after which the process counts as failing

_log = logging.getLogger(__name__)


class Background:
    """The tasks of a process: functions that run forever, in greenlets of their own."""

    def __init__(self) -> None:
        self._ended: dict[str, tuple[float, float]] = {}  # the first and the last end of tasks that do not work

    def start(self, *tasks: Callable[[], None]) -> None:
        """Start tasks."""
        for task in tasks:
            gevent.spawn(self._run, task)

    def failing(self) -> list[str]:
        """Return the names of tasks that have ended again and again, for longer than GIVE_UP."""
        now = time.monotonic()
        return [name for name, (first, last) in self._ended.items() if now - last < STABLE and last - first > GIVE_UP]

    def _run(self, task: Callable[[], None]) -> None:
        name = getattr(task, "__qualname__", repr(task))
        while True:
            try:
                task()
                _log.error("the task %s ended; it is started again", name)
            except Exception as error:  # noqa: BLE001 - a process without this task would look healthy
                _log.exception("the task %s failed; it is started again", name)
                error_reports.report(error, task=name)
            now = time.monotonic()
            first, last = self._ended.get(name, (now, now))
            self._ended[name] = (first if now - last < STABLE else now), now
            gevent.sleep(RESTART)
