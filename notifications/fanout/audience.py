"""Which users get a notification, and by which channels."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain

from notifications.channels import registry
from users.contract import Channel, RecipientGroup


@dataclass(frozen=True, slots=True)
class Audience:
    """The ids of users who get a notification: in the inbox, in real time, and by delivery channel."""

    inbox: list[str]
    realtime: list[str]
    deliveries: dict[Channel, list[str]]


def select(
    recipients: Sequence[RecipientGroup],
    *,
    author: str | None = None,
    channels: Collection[Channel] | None = None,
    delivery_channels: Sequence[Channel] = registry.NAMES,
) -> Audience:
    """Select every recipient except the author for the inbox, and by their `notify_by` for the channels.

    `channels` replaces the `notify_by` of all recipients.
    """
    groups = [group.without([author]) for group in recipients] if author is not None else recipients

    def users(channel: Channel) -> list[str]:
        wanting = [group.ids for group in groups if channel in (group.notify_by if channels is None else channels)]
        return [*chain.from_iterable(wanting)]

    inbox = [*chain.from_iterable(group.ids for group in groups)]
    return Audience(inbox, users("realtime"), {channel: users(channel) for channel in delivery_channels})
