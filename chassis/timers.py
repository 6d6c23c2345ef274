"""Timers whose interval stands in config.yml."""

from functools import reduce
from typing import Any

import nameko.timer


class Timer(nameko.timer.Timer):
    """Fires every so many seconds as a place in the configuration says: `@timer("notifications.audience.reconcile")`.

    In every replica: what it runs must be harmless at the same time. Nameko waits for one run before the next.
    """

    def __init__(self, place: str, **kwargs: Any) -> None:
        self.place = place
        super().__init__(interval=None, **kwargs)

    def setup(self) -> None:
        """Look it up."""
        self.interval = reduce(lambda section, key: section[key], self.place.split("."), self.container.config)


timer = Timer.decorator
