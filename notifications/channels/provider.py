"""How the deliveries service gets at a channel."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from notifications import metrics
from notifications.channels.breaker import Breaker
from notifications.contract import DeliveryChannel

Made = TypeVar("Made")


class ChannelProvider(DependencyProvider, Generic[Made]):
    """Provides a channel, or what one is made of, from its part of the configuration."""

    if TYPE_CHECKING:  # Nameko puts the result of get_dependency in our place

        def __get__(self, service: object, owner: type) -> Made: ...

    def __init__(self, channel: Callable[[dict[str, Any]], Made], section: str) -> None:
        self.channel = channel
        self.section = section

    def setup(self) -> None:
        """Make it; nothing connects before there is something to send."""
        self.made = self.channel(self.container.config["notifications"][self.section])

    def get_dependency(self, worker_ctx: WorkerContext) -> Made:  # noqa: ARG002 - Nameko's signature
        """Return it."""
        return self.made


class BreakerProvider(DependencyProvider):
    """Provides a channel's breaker."""

    if TYPE_CHECKING:  # as above

        def __get__(self, service: object, owner: type) -> Breaker: ...

    def __init__(self, channel: DeliveryChannel) -> None:
        self.channel = channel

    def setup(self) -> None:
        """Make it, for all workers of this process."""
        breaker = Breaker(self.channel, self.container.config["notifications"]["delivery"]["breaker"])
        metrics.BREAKER_OPEN.labels(self.channel).set_function(lambda: breaker.state != "closed")
        self.breaker = breaker

    def get_dependency(self, worker_ctx: WorkerContext) -> Breaker:  # noqa: ARG002 - Nameko's signature
        """Return it."""
        return self.breaker
