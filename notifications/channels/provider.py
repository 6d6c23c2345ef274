"""The channels of a process, as a Nameko dependency."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chassis.provider import SharedProvider
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


class ChannelsProvider(SharedProvider[dict[DeliveryChannel, ActiveChannel]]):
    """Provides the active channels by name, in the order of the registry."""

    def __init__(self, specs: Sequence[ChannelSpec]) -> None:
        self.specs = specs

    def create(self) -> dict[DeliveryChannel, ActiveChannel]:
        """Set up the channels. Nothing connects before there is something to send."""
        settings = self.container.config["notifications"]
        return {spec.name: _activate(spec, settings) for spec in self.specs}


def _activate(spec: ChannelSpec, settings: dict[str, Any]) -> ActiveChannel:
    breaker = Breaker(spec.name, settings["delivery"]["breaker"])
    metrics.BREAKER_OPEN.labels(spec.name).set_function(lambda: breaker.state != "closed")
    return ActiveChannel(spec, spec.setup(settings[spec.name]), breaker)
