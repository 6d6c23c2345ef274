"""The deliveries service: sends what is due, removes old rows, and serves operators.

It runs in a process of its own, so that slow providers do not delay inboxes.
"""

from nameko.dependency_providers import Config

from chassis.auth.access import OPERATORS
from chassis.contract import Empty
from chassis.db.database import Database
from chassis.rpc.entrypoint import rpc
from chassis.service import Service
from chassis.timers import timer, timer_for_each
from notifications import contract
from notifications.channels import registry
from notifications.channels.provider import ChannelsProvider
from notifications.cleanup.retention import RetentionProvider
from notifications.delivery import admin
from notifications.delivery.leases import LeasesProvider
from notifications.delivery.presence import PresenceProvider
from notifications.delivery.sender import Sender
from notifications.models import Base


class DeliveriesService(Service):
    """Sends by every registered channel. Each has a timer of its own, so no provider delays another channel."""

    name = "deliveries"

    db = Database(Base, "notifications")
    config = Config()
    presence = PresenceProvider()
    leases = LeasesProvider()
    channels = ChannelsProvider(registry.CHANNELS)
    retention = RetentionProvider()

    @timer_for_each("notifications.delivery.interval", registry.NAMES)
    def send_due(self, channel: contract.DeliveryChannel) -> None:
        """Send the due deliveries of one channel, except urgent ones."""
        self._sender(channel, urgent=False).run()

    @timer_for_each("notifications.delivery.interval", registry.NAMES)
    def send_codes(self, channel: contract.DeliveryChannel) -> None:
        """Send the due one-time codes and security notices of one channel; they wait for no other delivery."""
        self._sender(channel, urgent=True).run()

    @timer("notifications.retention.interval")
    def remove_old(self) -> None:
        """Remove old rows; in this service, which serves no users."""
        self.retention.run(self.db)

    @timer("notifications.delivery.measured")
    def measure(self) -> None:
        """Update the metrics of due deliveries."""
        admin.measure(self.db, self.channels)

    @rpc(OPERATORS)
    def status(self, request: Empty) -> contract.DeliveriesStatus:  # noqa: ARG002 - the request has no fields
        """Count the deliveries by channel and status, and return the state of the circuit breakers."""
        return admin.status(self.db, [channel.breaker for channel in self.channels.values()])

    @rpc(OPERATORS)
    def retry(self, request: contract.RetryDeliveries) -> contract.MovedDeliveries:
        """Attempt failed and cancelled deliveries again; unknown ones only if the request has that status."""
        return admin.retry(self.db, request)

    @rpc(OPERATORS)
    def park(self, request: contract.ParkDeliveries) -> contract.MovedDeliveries:
        """Cancel pending deliveries; `retry` makes them due again."""
        return admin.park(self.db, request)

    def _sender(self, channel: contract.DeliveryChannel, *, urgent: bool) -> Sender:
        settings = self.config["notifications"]["delivery"]
        return Sender(self.db, self.rpc_client, self.channels[channel], settings, self.presence, self.leases, urgent)
