"""The deliveries service: sends what is due.

It runs in a process of its own, so that a slow provider keeps nobody from their inbox.
"""

from nameko.dependency_providers import Config
from nameko.timer import timer

from chassis.database import Database
from chassis.service import Service
from notifications.channels.base import Channel
from notifications.channels.email import Email
from notifications.channels.provider import ChannelProvider
from notifications.channels.sms import Sms
from notifications.models import Base
from notifications.presence import PresenceProvider
from notifications.sending import Sender

INTERVAL = 1  # seconds


class DeliveriesService(Service):
    """Each channel has a timer, and so a worker, of its own: one provider's trouble is not the other's."""

    name = "deliveries"

    db = Database(Base, "notifications")
    config = Config()
    presence = PresenceProvider()
    email = ChannelProvider(Email, "email")
    sms = ChannelProvider(Sms, "sms")

    @timer(interval=INTERVAL)
    def send_email(self) -> None:
        """Send the mails that are due."""
        self._sender(self.email).run()

    @timer(interval=INTERVAL)
    def send_sms(self) -> None:
        """Send the text messages that are due."""
        self._sender(self.sms).run()

    def _sender(self, channel: Channel) -> Sender:
        return Sender(self.db, self.peers, channel, self.config["notifications"]["delivery"], self.presence)
