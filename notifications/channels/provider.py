"""Gives the deliveries service its channels, each with a circuit breaker."""

from functools import partial
from typing import TYPE_CHECKING, Any

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from chassis.db.unit_of_work import UnitOfWork
from chassis.rpc.client import RpcClient
from notifications import metrics
from notifications.channels.breaker import Breaker, Protected
from notifications.channels.registry import CHANNELS
from notifications.contract import DeliveryChannel


class Channels:
    """What lives as long as the process: connections to providers, and their circuit breakers by channel."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.breakers = {name: Breaker(name, config["delivery"]["breaker"]) for name in CHANNELS}
        self._connections = {name: channel.connect(config[name]) for name, channel in CHANNELS.items()}
        for name, breaker in self.breakers.items():
            metrics.BREAKER_OPEN.labels(name).set_function(partial(_is_open, breaker))

    def open(self, name: DeliveryChannel, db: UnitOfWork, rpc_client: RpcClient) -> Protected:
        """Return a channel for one worker, behind its breaker."""
        return Protected(CHANNELS[name].open(self._connections[name], db, rpc_client), self.breakers[name])


class ChannelsProvider(DependencyProvider):
    """Provides Channels."""

    if TYPE_CHECKING:  # Nameko replaces the provider by the result of get_dependency

        def __get__(self, service: object, owner: type) -> Channels: ...

    def setup(self) -> None:
        """Create the channels; nothing connects before there is something to send."""
        self._channels = Channels(self.container.config["notifications"])

    def get_dependency(self, worker_ctx: WorkerContext) -> Channels:  # noqa: ARG002 - Nameko's signature
        """Return the one that all workers share."""
        return self._channels


def _is_open(breaker: Breaker) -> bool:
    return breaker.state != "closed"
