"""Decides whether and where a delivery may be sent now."""

from dataclasses import dataclass, field

from notifications.channels.registry import ChannelSpec
from users.contract import Contact


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a channel reaches a user."""

    username: str
    address: str
    unsubscribe_token: str | None = field(default=None, repr=False)
    restore_token: str | None = field(default=None, repr=False)


def resolve(
    contact: Contact | None, channel: ChannelSpec, *, channels_forced: bool, connected: bool = False
) -> Destination | str:
    """Return where the channel reaches a user, or the reason why nothing may be sent.

    A user who is `connected` and wants notifications in real time has seen it. With `channels_forced` neither that nor
    the user's `notify_by` counts.
    """
    if contact is None:
        return "the account is closed"
    if not channels_forced and channel.name not in contact.notify_by:
        return "the channel was switched off"
    if not channels_forced and connected and "realtime" in contact.notify_by:
        return "the user was connected and saw it there"
    if channel.name in contact.unverified:
        return "the address is not verified"
    address = channel.address(contact)
    return Destination(contact.username, address, contact.unsubscribe_token) if address else "there is no address"
