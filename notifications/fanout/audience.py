"""Which users get a notification, and by which channels."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from notifications.channels import registry
from users.contract import Channel, Recipient


@dataclass(frozen=True, slots=True)
class Audience:
    """The ids of users who get a notification: in the inbox, in real time, and by delivery channel."""

    inbox: list[str]
    realtime: list[str]
    deliveries: dict[Channel, list[str]]


def select(
    recipients: Iterable[Recipient],
    *,
    author: str | None = None,
    channels: Collection[Channel] | None = None,
    delivery_channels: Sequence[Channel] = registry.NAMES,
) -> Audience:
    """Select every recipient except the author for the inbox, and by their `notify_by` for the channels.

    `channels` replaces the `notify_by` of all recipients.
    """
    notify_by = {
        recipient.id: recipient.notify_by if channels is None else channels
        for recipient in recipients
        if recipient.id != author
    }

    def users(channel: Channel) -> list[str]:
        return [user for user, wanted in notify_by.items() if channel in wanted]

    return Audience(list(notify_by), users("realtime"), {channel: users(channel) for channel in delivery_channels})
