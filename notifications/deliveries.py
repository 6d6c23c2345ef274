"""The deliveries service: sends due deliveries, removes old data, and lets operators retry or park deliveries.

It is a separate process, so that a slow provider delays no inbox.
"""

from collections.abc import Callable

from nameko.dependency_providers import Config

from chassis.auth.access import OPERATORS
from chassis.contract import Empty
from chassis.db.database import Database
from chassis.rpc.entrypoint import rpc
from chassis.service import Service
from chassis.timers import timer
from notifications import contract
from notifications.channels.provider import ChannelsProvider
from notifications.channels.registry import CHANNELS
from notifications.cleanup.retention import RetentionProvider
from notifications.contract import DeliveryChannel
from notifications.delivery import admin
from notifications.delivery.presence import PresenceProvider
from notifications.delivery.sender import Sender
from notifications.models import Base

Method = Callable[..., None]


def for_each_channel(setting: str) -> Callable[[Method], Method]:
    """Give a method a timer per channel, and so a worker: trouble of one provider does not delay the others."""

    def decorate(method: Method) -> Method:
        for name in CHANNELS:
            method = timer(setting, name)(method)
        return method

    return decorate


class DeliveriesService(Service):
    """Deliveries by all channels, for all replicas that share the database."""

    name = "deliveries"

    db = Database(Base, "notifications")
    config = Config()
    presence = PresenceProvider()
    channels = ChannelsProvider()
    retention = RetentionProvider()

    @for_each_channel("notifications.delivery.interval")
    def send(self, channel: DeliveryChannel) -> None:
        """Send the due deliveries of a channel."""
        opened = self.channels.open(channel, self.db, self.rpc_client)
        Sender(self.db, self.rpc_client, opened, self.config["notifications"]["delivery"], self.presence).run()

    @timer("notifications.retention.interval")
    def remove_old(self) -> None:
        """Remove what is older than the retention period; in this process, because nobody waits for its replies."""
        self.retention.run(self.db)

    @timer("notifications.delivery.measured")
    def measure(self) -> None:
        """Set the metrics of due deliveries."""
        admin.measure(self.db, self.channels.breakers)

    @rpc(OPERATORS)
    def status(self, request: Empty) -> contract.DeliveriesStatus:  # noqa: ARG002 - an empty request
        """Return the number of deliveries by channel and status, and the states of the circuit breakers."""
        return admin.status(self.db, self.channels.breakers.values())

    @rpc(OPERATORS)
    def retry(self, request: contract.RetryDeliveries) -> contract.MovedDeliveries:
        """Retry failed or cancelled deliveries; unknown ones only if that status is requested."""
        return admin.retry(self.db, request)

    @rpc(OPERATORS)
    def park(self, request: contract.ParkDeliveries) -> contract.MovedDeliveries:
        """Cancel pending deliveries; `retry` makes them due again."""
        return admin.park(self.db, request)
