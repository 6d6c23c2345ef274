"""The deliveries service: sends what is due, removes what is old, and lets operators mend what was not sent.

It runs in a process of its own, so that a slow provider keeps nobody from their inbox.
"""

from nameko.dependency_providers import Config

from chassis.auth.access import OPERATORS
from chassis.contract import Empty
from chassis.db.database import Database
from chassis.rpc.entrypoint import rpc
from chassis.service import Service
from chassis.timers import timer
from notifications import contract
from notifications.channels.breaker import Protected
from notifications.channels.email.channel import Email
from notifications.channels.provider import BreakerProvider, ChannelProvider
from notifications.channels.sms.account import SmsAccount
from notifications.channels.sms.channel import Sms
from notifications.cleanup.retention import RetentionProvider
from notifications.delivery import admin
from notifications.delivery.presence import PresenceProvider
from notifications.delivery.sender import Sender
from notifications.models import Base


class DeliveriesService(Service):
    """Each channel has a timer, and so a worker, of its own: one provider's trouble is not the other's."""

    name = "deliveries"

    db = Database(Base, "notifications")
    config = Config()
    presence = PresenceProvider()
    email = ChannelProvider(Email, "email")
    email_breaker = BreakerProvider("email")
    sms_account = ChannelProvider(SmsAccount, "sms")
    sms_breaker = BreakerProvider("sms")
    retention = RetentionProvider()

    @timer("notifications.delivery.interval")
    def send_email(self) -> None:
        """Send the mails that are due."""
        self._send(Protected(self.email, self.email_breaker))

    @timer("notifications.delivery.interval")
    def send_sms(self) -> None:
        """Send the text messages that are due."""
        self._send(Protected(Sms(self.sms_account, self.db, self.rpc_client), self.sms_breaker))

    @timer("notifications.retention.interval")
    def forget_old(self) -> None:
        """Remove what is older than it is to be kept; here, where nobody waits for an answer meanwhile."""
        self.retention.run(self.db)

    @timer("notifications.delivery.measured")
    def measure(self) -> None:
        """Note how much is due."""
        admin.measure(self.db, (self.email_breaker.channel, self.sms_breaker.channel))

    @rpc(OPERATORS)
    def status(self, request: Empty) -> contract.DeliveriesStatus:  # noqa: ARG002 - there is nothing to ask
        """Count the deliveries by channel and status, and tell whether the breakers are closed."""
        return admin.status(self.db, (self.email_breaker, self.sms_breaker))

    @rpc(OPERATORS)
    def retry(self, request: contract.RetryDeliveries) -> contract.MovedDeliveries:
        """Attempt deliveries anew that failed or were cancelled; unknown ones only where the status says so."""
        return admin.retry(self.db, request)

    @rpc(OPERATORS)
    def park(self, request: contract.ParkDeliveries) -> contract.MovedDeliveries:
        """Put deliveries aside that wait, as cancelled; `retry` brings them back."""
        return admin.park(self.db, request)

    def _send(self, channel: Protected) -> None:
        Sender(self.db, self.rpc_client, channel, self.config["notifications"]["delivery"], self.presence).run()
