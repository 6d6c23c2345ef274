"""The rules of who is told, and by which channels."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from users.contract import Channel, Contact, Recipient

REALTIME: Channel = "realtime"
DELIVERED: tuple[Channel, ...] = ("email", "sms")  # by the deliveries service


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom one page of recipients makes us tell: their ids."""

    inbox: list[str]
    realtime: list[str]
    deliveries: dict[Channel, list[str]]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a channel reaches somebody."""

    username: str
    address: str
    unsubscribe_token: str | None = field(default=None, repr=False)


def of_page(
    recipients: Iterable[Recipient],
    *,
    excluded: str | None = None,
    channels: Collection[Channel] | None = None,
) -> Audience:
    """Give everybody a place in the inbox; frames and deliveries as each of them chose, or by `channels` for all.

    The excluded one, the author, is told nothing.
    """
    told = [(one.id, one.notify_by if channels is None else channels) for one in recipients if one.id != excluded]
    return Audience(
        inbox=[user for user, _ in told],
        realtime=[user for user, wanted in told if REALTIME in wanted],
        deliveries={channel: [user for user, wanted in told if channel in wanted] for channel in DELIVERED},
    )


def destination(contact: Contact | None, channel: str, *, chosen: bool, there: bool = False) -> Destination | str:
    """Return where a channel reaches somebody at this moment, or say why nothing may be sent there.

    `there`: in front of the screen that a notification in real time comes to. Where the sender chose the channel,
    neither that counts nor what the user chose.
    """
    if contact is None:
        return "the account is closed"
    if not chosen and channel not in contact.notify_by:
        return "the channel was switched off"
    if not chosen and there and REALTIME in contact.notify_by:
        return "the user was connected and saw it there"
    address = contact.email if channel == "email" else contact.phone
    return Destination(contact.username, address, contact.unsubscribe_token) if address else "there is no address"
