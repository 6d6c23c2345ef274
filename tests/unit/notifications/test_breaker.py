"""The circuit breaker of a channel."""

import logging
from collections.abc import Iterator, Sequence

import pytest

from notifications.channels import delivery_results
from notifications.channels.breaker import Breaker
from notifications.channels.delivery_results import DeliveryResult
from notifications.channels.interface import OutgoingMessage, SendResult

UNAVAILABLE = delivery_results.unavailable("ConnectionRefusedError")
LONG = 3600  # seconds


class ScriptedChannel:
    """Returns prepared results, one at a time or the whole batch at once."""

    def __init__(self, *results: DeliveryResult, at_once: bool = False) -> None:
        self.results = list(results)
        self.at_once = at_once

    def send(self, batch: Sequence[OutgoingMessage]) -> Iterator[list[SendResult]]:
        if self.at_once:
            yield [(message.id, self.results.pop(0)) for message in batch]
        else:
            for message in batch:
                yield [(message.id, self.results.pop(0))]


def new_breaker(*pauses: float) -> Breaker:
    return Breaker("email", {"failures": 2, "open": pauses or [LONG]})


def send(breaker: Breaker, channel: ScriptedChannel, count: int = 1) -> list[str]:
    """Send some messages and return the statuses of those that have a result."""
    batch = [OutgoingMessage(number, "", "a@b.example", "ada", "message", "", "") for number in range(count)]
    return [result.status for results in breaker.send(channel, batch) for _, result in results]


def test_consecutive_errors_open_the_breaker_and_nothing_may_be_claimed() -> None:
    breaker, channel = new_breaker(), ScriptedChannel(UNAVAILABLE, UNAVAILABLE)
    send(breaker, channel)
    assert (breaker.state, breaker.allowed(100)) == ("closed", 100)
    send(breaker, channel)
    assert (breaker.state, breaker.allowed(100)) == ("open", 0)


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (delivery_results.sent(), "closed"),
        (delivery_results.failed("SMTP 550"), "closed"),
        (delivery_results.transient("SMTP 452"), "closed"),
        (delivery_results.invalid_address("the phone number is not valid"), "open"),
    ],
    ids=["sent", "permanent failure", "transient failure", "nothing sent"],
)
def test_only_a_reply_of_the_provider_between_errors_resets_the_count(result: DeliveryResult, state: str) -> None:
    breaker, channel = new_breaker(), ScriptedChannel(UNAVAILABLE, result, UNAVAILABLE)
    for _ in range(3):
        send(breaker, channel)
    assert breaker.state == state


def test_rest_of_a_batch_is_not_attempted_after_an_error_which_counts_once() -> None:
    breaker = new_breaker()
    assert send(breaker, ScriptedChannel(delivery_results.sent(), UNAVAILABLE, UNAVAILABLE), 3) == ["sent", "pending"]
    assert breaker.state == "closed"


def test_breaker_stays_closed_if_some_of_each_batch_is_sent() -> None:
    lost = delivery_results.transient("SMTPServerDisconnected", provider_error=True)
    breaker, channel = new_breaker(), ScriptedChannel(*[delivery_results.sent(), lost] * 3, at_once=True)
    for _ in range(3):
        send(breaker, channel, 2)
    assert breaker.state == "closed"


def test_half_open_breaker_lets_one_delivery_through_and_success_closes_it() -> None:
    breaker, channel = new_breaker(0), ScriptedChannel(UNAVAILABLE, UNAVAILABLE, delivery_results.sent())
    send(breaker, channel)
    send(breaker, channel)
    assert (breaker.state, breaker.allowed(100)) == ("half-open", 1)
    send(breaker, channel)
    assert (breaker.state, breaker.allowed(100)) == ("closed", 100)


def test_each_failed_try_is_followed_by_the_next_pause_until_the_breaker_closes() -> None:
    breaker = new_breaker(0, 0, LONG)
    channel = ScriptedChannel(*[UNAVAILABLE] * 3, delivery_results.sent(), *[UNAVAILABLE] * 4)
    states = []
    while channel.results:
        send(breaker, channel)
        states.append(breaker.state)
    assert states[1:4] == ["half-open", "half-open", "closed"]
    assert states[5:] == ["half-open", "half-open", "open"]


def test_unknown_result_may_count_as_an_error_and_stays_unknown() -> None:
    breaker, unknown = new_breaker(), delivery_results.unknown("HTTPError", provider_error=True)
    assert [send(breaker, ScriptedChannel(unknown)) for _ in range(2)] == [["unknown"]] * 2
    assert breaker.state == "open"


def test_error_in_half_open_state_opens_again_and_each_outage_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    breaker, channel = new_breaker(0), ScriptedChannel(*[UNAVAILABLE] * 3, delivery_results.sent())
    for _ in range(3):
        send(breaker, channel)
    assert breaker.allowed(100) == 1
    send(breaker, channel)
    assert [record.getMessage() for record in caplog.records] == [
        "circuit breaker of email opened: ConnectionRefusedError; next try in 0 s",
        "circuit breaker of email closed",
    ]
