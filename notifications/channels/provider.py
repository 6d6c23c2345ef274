"""How the deliveries service gets at a channel."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from notifications.channels.base import Channel
from notifications.channels.breaker import Protected


class ChannelProvider(DependencyProvider):
    """Provides a channel made from its part of the configuration, behind a breaker for all of the process."""

    if TYPE_CHECKING:  # Nameko puts the result of get_dependency in our place

        def __get__(self, service: object, owner: type) -> Protected: ...

    def __init__(self, channel: Callable[[dict[str, Any]], Channel], section: str) -> None:
        self.channel = channel
        self.section = section

    def setup(self) -> None:
        """Make it; nothing connects before there is something to send."""
        settings = self.container.config["notifications"]
        self.made = Protected(self.channel(settings[self.section]), settings["delivery"]["breaker"])

    def get_dependency(self, worker_ctx: WorkerContext) -> Protected:  # noqa: ARG002 - Nameko's signature
        """Return the channel."""
        return self.made
