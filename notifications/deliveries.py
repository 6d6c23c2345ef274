"""The deliveries service: sends what is due.

It runs in a process of its own, so that a slow provider keeps nobody from their inbox.
"""

from nameko.dependency_providers import Config
from nameko.timer import timer

from chassis.database import Database
from chassis.service import Service
from notifications import store_sms
from notifications.channels.base import Channel
from notifications.channels.email import Email
from notifications.channels.provider import ChannelProvider
from notifications.channels.sms import Sms
from notifications.channels.sms_account import SmsAccount
from notifications.models import Base
from notifications.sending import Sender

INTERVAL = 1  # seconds
CLEANING = 600  # seconds
CLEANED = 1000  # rows at a time


class DeliveriesService(Service):
    """Each channel has a timer, and so a worker, of its own: one provider's trouble is not the other's."""

    name = "deliveries"

    db = Database(Base, "notifications")
    config = Config()
    email = ChannelProvider(Email, "email")
    sms_account = ChannelProvider(SmsAccount, "sms")

    @timer(interval=INTERVAL)
    def send_email(self) -> None:
        """Send the mails that are due."""
        self._sender(self.email).run()

    @timer(interval=INTERVAL)
    def send_sms(self) -> None:
        """Send the text messages that are due."""
        self._sender(Sms(self.sms_account, self.db, self.peers)).run()

    @timer(interval=CLEANING)
    def forget_sms(self) -> None:
        """Remove counts and reports of SMS that matter no more."""
        more = True
        while more:
            with self.db.write() as session:
                more = store_sms.forget(session, CLEANED)

    def _sender(self, channel: Channel) -> Sender:
        return Sender(self.db, self.peers, channel, self.config["notifications"]["delivery"])
