"""Which users are notified of something, and by which channels."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from notifications.contract import DELIVERY_CHANNELS
from users.contract import REALTIME, Channel, Recipient


@dataclass(frozen=True, slots=True)
class Audience:
    """The user ids of one page of recipients: who gets an inbox row, a realtime event, and a delivery by channel."""

    inbox: list[str]
    realtime: list[str]
    deliveries: dict[Channel, list[str]]


def of_page(
    recipients: Iterable[Recipient],
    *,
    excluded: str | None = None,
    channels: Collection[Channel] | None = None,
) -> Audience:
    """Return the audience of a page of recipients; everybody gets an inbox row.

    Channels are the recipient's own, or `channels` for all. The `excluded` user, the author, is left out.
    """
    chosen = [(one.id, one.notify_by if channels is None else channels) for one in recipients if one.id != excluded]
    return Audience(
        inbox=[user for user, _ in chosen],
        realtime=[user for user, wanted in chosen if REALTIME in wanted],
        deliveries={name: [user for user, wanted in chosen if name in wanted] for name in DELIVERY_CHANNELS},
    )
