"""Confirms in the orders in which RabbitMQ may send them."""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from amqp import Message

from chassis.amqp.confirms import ConfirmTracker, Outcome

MULTIPLE, SINGLE = True, False


class Channel:
    """Records messages; tests call its listeners as amqp does."""

    def __init__(self) -> None:
        self.events: dict[str, set[Callable[..., None]]] = defaultdict(set)
        self.published: list[Message] = []

    def confirm_select(self) -> None:
        """Accept."""

    def send_method(self, _signature: object, _format: str, _arguments: object, message: Message) -> None:
        self.published.append(message)

    def emit(self, event: str, *arguments: Any) -> None:
        for listener in self.events[event]:
            listener(*arguments)


@pytest.fixture
def channel() -> Channel:
    return Channel()


@pytest.fixture
def outcomes() -> dict[str, Outcome]:
    return {}


@pytest.fixture
def tracker(channel: Channel, outcomes: dict[str, Outcome]) -> ConfirmTracker:
    """A tracker that has published the messages a, b and c."""
    tracker = ConfirmTracker(channel)
    for name in "abc":
        tracker.publish(b"{}", "", "queue", on_outcome=partial(outcomes.__setitem__, name))
    return tracker


def test_multiple_ack_confirms_all_messages_up_to_its_tag(
    tracker: ConfirmTracker, channel: Channel, outcomes: dict[str, Outcome]
) -> None:
    assert (tracker.waiting, outcomes) == (3, {})
    channel.emit("basic_ack", 2, MULTIPLE)
    assert outcomes == {"a": Outcome.CONFIRMED, "b": Outcome.CONFIRMED}
    assert tracker.waiting == 1


def test_single_confirms_may_arrive_in_any_order(
    tracker: ConfirmTracker, channel: Channel, outcomes: dict[str, Outcome]
) -> None:
    channel.emit("basic_ack", 3, SINGLE)
    channel.emit("basic_nack", 1, SINGLE)
    assert outcomes == {"c": Outcome.CONFIRMED, "a": Outcome.REJECTED}
    assert tracker.waiting == 1


def test_returned_message_is_unroutable_whatever_is_confirmed_later(
    tracker: ConfirmTracker, channel: Channel, outcomes: dict[str, Outcome]
) -> None:
    channel.emit("basic_return", OSError(), "", "queue", channel.published[1])
    channel.emit("basic_ack", 3, MULTIPLE)
    assert outcomes == {"a": Outcome.CONFIRMED, "b": Outcome.UNROUTABLE, "c": Outcome.CONFIRMED}
    assert tracker.waiting == 0
