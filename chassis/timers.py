"""Timers whose interval is a setting in config.yml, and minimum intervals between starts."""

import time
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, TypeVar

import eventlet
import nameko.timer

Method = TypeVar("Method", bound=Callable[..., Any])


class Timer(nameko.timer.Timer):
    """Calls a method every so many seconds: `@timer("notifications.audience.reconcile")` names the setting.

    Every replica of a service has its own timer, so the method must tolerate concurrent runs. The timer waits for the
    end of one run before it starts the next.
    """

    def __init__(self, setting: str, arguments: tuple[object, ...] = (), **kwargs: Any) -> None:
        self.setting = setting
        self.arguments = arguments
        super().__init__(interval=None, **kwargs)

    def setup(self) -> None:
        """Read the interval. Raises KeyError for a missing setting."""
        self.interval = reduce(lambda section, key: section[key], self.setting.split("."), self.container.config)

    def handle_timer_tick(self) -> None:
        """Call the method with the arguments of this timer."""
        self.container.spawn_worker(self, self.arguments, {}, handle_result=self.handle_result)


timer = Timer.decorator


def timer_for_each(setting: str, values: Iterable[object]) -> Callable[[Method], Method]:
    """Give a method one timer for each value; it is called with that value. The timers do not wait for each other."""

    def decorate(method: Method) -> Method:
        for value in values:
            timer(setting, arguments=(value,))(method)
        return method

    return decorate


class MinimumInterval:
    """Keeps the starts of something apart. The first one does not wait."""

    def __init__(self) -> None:
        self._next_start = 0.0  # in seconds of `time.monotonic`

    def wait(self) -> None:
        """Wait until the next start is due. Greenlets that wait together wake up in the same turn of the hub."""
        seconds = self._next_start - time.monotonic()
        if seconds > 0:
            eventlet.sleep(seconds)

    def start(self, seconds: float) -> None:
        """Record a start; the next one is due in so many seconds."""
        self._next_start = time.monotonic() + seconds
