"""Whether and where a delivery may be sent at this moment."""

from dataclasses import dataclass, field

from notifications.channels.registry import CHANNELS
from notifications.contract import DeliveryChannel
from users.contract import REALTIME, Contact


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a channel reaches a user."""

    username: str
    address: str
    unsubscribe_token: str | None = field(default=None, repr=False)


def destination(
    contact: Contact | None, channel: DeliveryChannel, *, chosen: bool, connected: bool = False
) -> Destination | str:
    """Return where a channel reaches a user, or the reason why nothing may be sent.

    `chosen`: the sender chose the channel, so the user's own choice does not count. `connected`: the user has an open
    websocket, so a notification that they also get in real time need not be sent.
    """
    if contact is None:
        return "the account is closed"
    if not chosen and channel not in contact.notify_by:
        return "the channel was switched off"
    if not chosen and connected and REALTIME in contact.notify_by:
        return "the user was connected and saw it there"
    address = CHANNELS[channel].address(contact)
    return Destination(contact.username, address, contact.unsubscribe_token) if address else "there is no address"
