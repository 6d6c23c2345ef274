"""E-mail only for those who are away, where an operator wants it so."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from nameko.runners import ServiceRunner

from chassis import clock
from notifications.contract import seen_key
from notifications.deliveries import DeliveriesService
from tests.integration.notifications.conftest import Order, Settled
from tests.integration.notifications.people import People, UsersService

Start = Callable[..., ServiceRunner]
Deliver = Callable[..., list[Any]]

THERE = ("cancelled", 0, "the user was connected and saw it there")
SENT = ("sent", 1, None)

pytestmark = pytest.mark.usefixtures("mailbox")


@pytest.fixture
def rules(settings: dict[str, Any]) -> dict[str, Any]:
    settings["notifications"]["delivery"] |= {"when": "when_away", "away_after": 60}
    rules: dict[str, Any] = settings["notifications"]["delivery"]
    return rules


@pytest.fixture
def seen(redis: Any, people: People) -> Callable[..., str]:
    """Make somebody who was connected so many seconds ago."""

    def seen(name: str, seconds: int | None, *notify_by: Any) -> str:
        user = people.add(name, *(notify_by or ("realtime", "email")))
        if seconds is not None:
            redis.set(seen_key(user), int(clock.now().timestamp()) - seconds, ex=60)
        return user

    return seen


@pytest.fixture
def deliver(start: Start, order: Order, settled: Settled) -> Deliver:
    """Order mails, run the service, and return what became of them in the order of the users."""

    def deliver(*users: str, chosen: bool = False) -> list[Any]:
        start(UsersService, DeliveriesService)
        order("email", *users, chosen=chosen)
        return [(one["status"], one["attempts"], one["last_error"]) for one in settled()]

    return deliver


@pytest.mark.usefixtures("rules")
def test_who_was_just_connected_and_wants_realtime_gets_no_mail_and_everybody_else_does(
    seen: Callable[..., str], deliver: Deliver
) -> None:
    there, gone, never = seen("ada", 30), seen("ben", 90), seen("cyn", None)
    not_in_realtime = seen("dan", 30, "email")
    assert deliver(there, gone, never, not_in_realtime) == [THERE, SENT, SENT, SENT]


@pytest.mark.usefixtures("rules")
def test_what_the_sender_chose_goes_to_who_is_there_too(seen: Callable[..., str], deliver: Deliver) -> None:
    assert deliver(seen("ada", 30), chosen=True) == [SENT]


def test_by_default_mail_goes_to_who_is_there_too(seen: Callable[..., str], deliver: Deliver) -> None:
    assert deliver(seen("ada", 30)) == [SENT]


@pytest.mark.usefixtures("rules")
def test_without_redis_the_mail_goes_and_a_warning_tells_why(
    settings: dict[str, Any], seen: Callable[..., str], deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    settings["redis_url"] = "redis://127.0.0.1:9/0"  # nobody listens there
    with caplog.at_level(logging.WARNING, "notifications.delivery.presence"):
        assert deliver(seen("ada", 30)) == [SENT]
    assert "nobody can tell who is connected" in caplog.text


@pytest.mark.parametrize(
    ("field", "value", "variable"),
    [("when", "never", "DELIVER_WHEN"), ("away_after", 0, "AWAY_AFTER"), ("away_after", "soon", "AWAY_AFTER")],
)
def test_a_setting_that_makes_no_sense_stops_the_start(
    rules: dict[str, Any], start: Start, field: str, value: object, variable: str
) -> None:
    rules[field] = value
    with pytest.raises(ValueError, match=variable):
        start(DeliveriesService)
