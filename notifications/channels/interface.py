"""The interface between the deliveries service and a channel."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from chassis.db.unit_of_work import UnitOfWork
from chassis.rpc.client import RpcClient
from notifications.channels.delivery_results import DeliveryResult
from notifications.contract import DeliveryChannel

GROUP_SECONDS = 1  # of work at most that a crash repeats

SendResult = tuple[int, DeliveryResult]  # the id of a delivery and its result


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to one user; the address is in memory only while it is sent."""

    id: int
    # Unique for a notification and user, and the same for every attempt.
    reference: str
    address: str = field(repr=False)
    username: str
    kind: str
    title: str
    body: str
    # The sender of the notification named the channels; the user's `notify_by` did not apply.
    channels_forced: bool = False
    # Lets its holder switch off the user's channels; None for replies of an older users service.
    unsubscribe_token: str | None = field(default=None, repr=False)
    # Lets its holder restore the address that the message goes to.
    restore_token: str | None = field(default=None, repr=False)
    # Call it just before sending: a result means that the message must not be sent any more.
    check: Callable[[], DeliveryResult | None] = field(default=lambda: None, repr=False)


class Channel(Protocol):
    """Sends messages through a provider. Errors of the provider are results, never exceptions."""

    def send(self, batch: Sequence[OutgoingMessage]) -> Iterator[list[SendResult]]:
        """Send the messages one after the other and yield results as they are known.

        Just before it sends a message, the channel calls the message's `check`, and yields its result if there is one.
        The caller may stop iterating between two messages. Messages without a result were not attempted. After a result
        with `provider_error` the caller stops.
        """
        ...


# Makes the channel of one worker: the database and the RPC client belong to that worker.
ChannelFactory = Callable[[UnitOfWork, RpcClient], Channel]
# Reads the channel's section of config.yml when the process starts. Raises ValueError for an invalid setting.
ChannelSetup = Callable[[dict[str, Any]], ChannelFactory]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery receipt: the status that a provider reports after it accepted a message."""

    channel: DeliveryChannel
    provider_id: str
    result: DeliveryResult | None  # None: not final
    opted_out_phone: str | None = field(default=None, repr=False)  # its owner wants no more SMS


def group_results(results: Iterable[SendResult]) -> Iterator[list[SendResult]]:
    """Group results, so that the caller records each group in one transaction."""
    group: list[SendResult] = []
    started = time.monotonic()
    for result in results:
        group.append(result)
        if result[1].provider_error or time.monotonic() - started >= GROUP_SECONDS:
            yield group
            group, started = [], time.monotonic()
    if group:
        yield group
