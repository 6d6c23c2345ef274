"""The channels of a process, as a Nameko dependency."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nameko.containers import WorkerContext

from chassis.provider import Provider
from notifications import metrics
from notifications.channels.breaker import Breaker
from notifications.channels.interface import ChannelFactory
from notifications.channels.registry import ChannelSpec
from notifications.contract import DeliveryChannel


@dataclass(frozen=True, slots=True)
class ActiveChannel:
    """A registered channel in this process, with its factory and its circuit breaker."""

    spec: ChannelSpec
    factory: ChannelFactory
    breaker: Breaker


class ChannelsProvider(Provider[dict[DeliveryChannel, ActiveChannel]]):
    """Provides the active channels by name, in the order of the registry."""

    def __init__(self, specs: Sequence[ChannelSpec]) -> None:
        self.specs = specs

    def setup(self) -> None:
        """Set up the channels. Nothing connects before there is something to send."""
        settings = self.container.config["notifications"]
        self._channels = {spec.name: _activate(spec, settings) for spec in self.specs}

    def get_dependency(self, worker_ctx: WorkerContext) -> dict[DeliveryChannel, ActiveChannel]:  # noqa: ARG002 - Nameko's signature
        """Return the channels, which all workers share."""
        return self._channels


def _activate(spec: ChannelSpec, settings: dict[str, Any]) -> ActiveChannel:
    breaker = Breaker(spec.name, settings["delivery"]["breaker"])
    metrics.BREAKER_OPEN.labels(spec.name).set_function(lambda: breaker.state != "closed")
    return ActiveChannel(spec, spec.setup(settings[spec.name]), breaker)
