"""Timers whose interval is a setting of config.yml."""

from functools import reduce
from typing import Any

import nameko.timer


class Timer(nameko.timer.Timer):
    """Calls a method every so many seconds: `@timer("notifications.audience.reconcile")`.

    `arguments` are passed to the method; a method with several timers has one worker for each. Every replica has the
    timer, so methods must be safe to run concurrently. Nameko waits for one run before it starts the next.
    """

    def __init__(self, setting: str, *arguments: object, **kwargs: Any) -> None:
        self.setting = setting
        self.arguments = arguments
        super().__init__(interval=None, **kwargs)

    def setup(self) -> None:
        """Read the interval."""
        self.interval = reduce(lambda section, key: section[key], self.setting.split("."), self.container.config)

    def handle_timer_tick(self) -> None:
        """Call the method with the arguments."""
        self.container.spawn_worker(self, self.arguments, {}, handle_result=self.handle_result)


timer = Timer.decorator
