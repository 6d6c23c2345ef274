"""The deliveries service: sends what is due, and lets operators see and mend what was not sent.

It runs in a process of its own, so that a slow provider keeps nobody from their inbox.
"""

from nameko.dependency_providers import Config
from nameko.timer import timer

from chassis.contract import Empty
from chassis.database import Database
from chassis.rpc import rpc
from chassis.service import Service
from notifications import contract, operations
from notifications.channels.breaker import Protected
from notifications.channels.email import Email
from notifications.channels.provider import ChannelProvider
from notifications.channels.sms import Sms
from notifications.models import Base
from notifications.sending import Sender

INTERVAL = 1  # seconds


class DeliveriesService(Service):
    """Each channel has a timer, and so a worker, of its own: one provider's trouble is not the other's."""

    name = "deliveries"

    db = Database(Base, "notifications")
    config = Config()
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

    @rpc
    def status(self, request: Empty) -> contract.DeliveriesStatus:  # noqa: ARG002 - there is nothing to ask
        """Count the deliveries by channel and status, and tell whether the breakers are closed."""
        self.caller.require_service()
        return operations.status(self.db, (self.email, self.sms))

    @rpc
    def retry(self, request: contract.Retry) -> contract.Moved:
        """Attempt deliveries anew that failed or were cancelled; unknown ones only where the status says so."""
        self.caller.require_service()
        return operations.retry(self.db, request)

    @rpc
    def park(self, request: contract.Park) -> contract.Moved:
        """Put deliveries aside that wait, as cancelled; `retry` brings them back."""
        self.caller.require_service()
        return operations.park(self.db, request)

    def _sender(self, channel: Protected) -> Sender:
        return Sender(self.db, self.peers, channel, self.config["notifications"]["delivery"])
