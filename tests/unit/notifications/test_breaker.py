"""The circuit breaker around a channel."""

import logging
from collections.abc import Iterator, Sequence

import pytest

from notifications.channels import delivery_results
from notifications.channels.base import Outgoing, Result
from notifications.channels.breaker import Breaker, Protected
from notifications.channels.delivery_results import Outcome
from notifications.contract import DeliveryChannel

AWAY = delivery_results.away("ConnectionRefusedError")
LONG = 3600  # seconds


class Scripted:
    """A channel whose outcomes a test writes down beforehand."""

    name: DeliveryChannel = "email"
    abandoned = delivery_results.unknown("stopped")

    def __init__(self, *script: Outcome) -> None:
        self.script = list(script)

    def send(self, batch: Sequence[Outgoing]) -> Iterator[list[Result]]:
        for letter in batch:
            yield [(letter.id, self.script.pop(0))]


class AtOnce(Scripted):
    """Tells what came of a batch in one part."""

    def send(self, batch: Sequence[Outgoing]) -> Iterator[list[Result]]:
        yield [result for results in super().send(batch) for result in results]


def protected(*script: Outcome, rest: float = LONG) -> Protected:
    return Protected(Scripted(*script), Breaker("email", {"failures": 2, "open": rest}))


def send(channel: Protected, count: int = 1) -> int:
    """Send so many and return how many the channel came to."""
    letters = [Outgoing(number, "", "a@b.example", "ada", "message", "", "") for number in range(count)]
    return sum(len(results) for results in channel.send(letters))


def test_after_failures_in_a_row_nothing_may_be_claimed() -> None:
    channel = protected(AWAY, AWAY)
    send(channel)
    assert (channel.breaker.state, channel.room(100)) == ("closed", 100)
    send(channel)
    assert (channel.breaker.state, channel.room(100)) == ("open", 0)


def test_a_success_between_failures_starts_the_count_anew() -> None:
    channel = protected(AWAY, delivery_results.sent(), AWAY)
    for _ in range(3):
        send(channel)
    assert channel.breaker.state == "closed"


def test_the_rest_of_a_batch_is_left_alone_after_the_first_trouble_which_counts_once() -> None:
    channel = protected(delivery_results.sent(), AWAY, AWAY)
    assert send(channel, 3) == 2
    assert channel.breaker.state == "closed"


def test_a_server_that_takes_some_of_each_batch_is_not_shut_out() -> None:
    lost = delivery_results.transient("SMTPServerDisconnected", trouble=True)
    channel = Protected(AtOnce(*[delivery_results.sent(), lost] * 3), Breaker("email", {"failures": 2, "open": LONG}))
    for _ in range(3):
        send(channel, 2)
    assert channel.breaker.state == "closed"


def test_when_it_was_open_long_enough_one_delivery_tries_and_closes_it() -> None:
    channel = protected(AWAY, AWAY, delivery_results.sent(), rest=0)
    send(channel)
    send(channel)
    assert (channel.breaker.state, channel.room(100)) == ("half-open", 1)
    send(channel)
    assert (channel.breaker.state, channel.room(100)) == ("closed", 100)


def test_a_try_that_fails_opens_it_for_another_while() -> None:
    channel = protected(AWAY, AWAY, AWAY, rest=0)
    for _ in range(3):
        send(channel)
    assert channel.room(100) == 1


@pytest.mark.parametrize("rejection", [delivery_results.failed("SMTP 550"), delivery_results.transient("SMTP 452")])
def test_whoever_refuses_one_delivery_is_not_in_trouble(rejection: Outcome) -> None:
    channel = protected(AWAY, rejection, AWAY)
    for _ in range(3):
        send(channel)
    assert channel.breaker.state == "closed"


def test_an_address_that_is_none_says_nothing_of_the_provider() -> None:
    channel = protected(AWAY, delivery_results.unusable("the phone number is not valid"), AWAY)
    for _ in range(3):
        send(channel)
    assert channel.breaker.state == "open"


def test_an_outcome_that_is_unknown_may_be_trouble_and_stays_unknown() -> None:
    channel = protected(delivery_results.unknown("HTTPError", trouble=True))
    letter = Outgoing(1, "", "+254711000001", "ada", "message", "", "")
    assert [outcome.status for results in channel.send([letter]) for _, outcome in results] == ["unknown"]


def test_the_log_tells_when_it_opens_and_why_and_when_it_closes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    channel = protected(AWAY, AWAY, AWAY, delivery_results.sent(), rest=0)
    for _ in range(4):
        send(channel)
    assert [record.getMessage() for record in caplog.records] == [
        "no email goes out: ConnectionRefusedError; one delivery tries every 0 s",
        "email goes out again",
    ]
