"""Timers: methods that a service calls at an interval."""

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, TypeVar

import nameko.timer

Method = TypeVar("Method", bound=Callable[..., Any])


class Timer(nameko.timer.Timer):
    """Calls a method every so many seconds: `@timer(60)`, or `@timer("notifications.audience.reconcile")` of a setting.

    Every replica of a service has its own timer, so the method must tolerate concurrent runs. The timer waits for the
    end of one run before it starts the next.
    """

    interval: float | str

    def __init__(self, interval: float | str, arguments: tuple[object, ...] = (), **kwargs: Any) -> None:
        self.arguments = arguments
        super().__init__(interval=interval, **kwargs)

    def setup(self) -> None:
        """Read the interval if it is a setting in config.yml. Raises KeyError for a missing one."""
        if isinstance(self.interval, str):
            path = self.interval.split(".")
            self.interval = reduce(lambda section, key: section[key], path, self.container.config)

    def handle_timer_tick(self) -> None:
        """Call the method with the arguments of this timer."""
        self.container.spawn_worker(self, self.arguments, {}, handle_result=self.handle_result)


timer = Timer.decorator


def timer_for_each(interval: float | str, values: Iterable[object]) -> Callable[[Method], Method]:
    """Give a method one timer for each value; it is called with that value. The timers do not wait for each other."""

    def decorate(method: Method) -> Method:
        for value in values:
            timer(interval, arguments=(value,))(method)
        return method

    return decorate
