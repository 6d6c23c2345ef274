"""The deliveries service: sends what is due, and removes what is old.

It runs in a process of its own, so that a slow provider keeps nobody from their inbox.
"""

from nameko.dependency_providers import Config

from chassis.database import Database
from chassis.service import Service
from chassis.timers import timer
from notifications.channels.base import Channel
from notifications.channels.email import Email
from notifications.channels.provider import ChannelProvider
from notifications.channels.sms import Sms
from notifications.channels.sms_account import SmsAccount
from notifications.models import Base
from notifications.retention import RetentionProvider
from notifications.sending import Sender


class DeliveriesService(Service):
    """Each channel has a timer, and so a worker, of its own: one provider's trouble is not the other's."""

    name = "deliveries"

    db = Database(Base, "notifications")
    config = Config()
    email = ChannelProvider(Email, "email")
    sms_account = ChannelProvider(SmsAccount, "sms")
    retention = RetentionProvider()

    @timer("notifications.delivery.interval")
    def send_email(self) -> None:
        """Send the mails that are due."""
        self._sender(self.email).run()

    @timer("notifications.delivery.interval")
    def send_sms(self) -> None:
        """Send the text messages that are due."""
        self._sender(Sms(self.sms_account, self.db, self.peers)).run()

    @timer("notifications.retention.interval")
    def forget_old(self) -> None:
        """Remove what is older than it is to be kept; here, where nobody waits for an answer meanwhile."""
        self.retention.run(self.db)

    def _sender(self, channel: Channel) -> Sender:
        return Sender(self.db, self.peers, channel, self.config["notifications"]["delivery"])
