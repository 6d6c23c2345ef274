"""The deliveries service: sends what is due, removes what is old, and lets operators mend what was not sent.

It runs in a process of its own, so that a slow provider keeps nobody from their inbox.
"""

from nameko.dependency_providers import Config

from chassis.access import OPERATORS
from chassis.contract import Empty
from chassis.database import Database
from chassis.rpc import rpc
from chassis.service import Service
from chassis.timers import timer
from notifications import contract, operations
from notifications.channels.breaker import Protected
from notifications.channels.email import Email
from notifications.channels.provider import BreakerProvider, ChannelProvider
from notifications.channels.sms import Sms
from notifications.channels.sms_account import SmsAccount
from notifications.models import Base
from notifications.presence import PresenceProvider
from notifications.retention import RetentionProvider
from notifications.sending import Sender


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
        self._send(Protected(Sms(self.sms_account, self.db, self.peers), self.sms_breaker))

    @timer("notifications.retention.interval")
    def forget_old(self) -> None:
        """Remove what is older than it is to be kept; here, where nobody waits for an answer meanwhile."""
        self.retention.run(self.db)

    @timer("notifications.delivery.measured")
    def measure(self) -> None:
        """Note how much is due."""
        operations.measure(self.db, (self.email_breaker.channel, self.sms_breaker.channel))

    @rpc(OPERATORS)
    def status(self, request: Empty) -> contract.DeliveriesStatus:  # noqa: ARG002 - there is nothing to ask
        """Count the deliveries by channel and status, and tell whether the breakers are closed."""
        return operations.status(self.db, (self.email_breaker, self.sms_breaker))

    @rpc(OPERATORS)
    def retry(self, request: contract.Retry) -> contract.Moved:
        """Attempt deliveries anew that failed or were cancelled; unknown ones only where the status says so."""
        return operations.retry(self.db, request)

    @rpc(OPERATORS)
    def park(self, request: contract.Park) -> contract.Moved:
        """Put deliveries aside that wait, as cancelled; `retry` brings them back."""
        return operations.park(self.db, request)

    def _send(self, channel: Protected) -> None:
        Sender(self.db, self.peers, channel, self.config["notifications"]["delivery"], self.presence).run()
