"""E-mail only to users who are not connected, with `DELIVER_WHEN=when_away`."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from nameko.runners import ServiceRunner

from chassis import clock
from notifications.contract import seen_key
from notifications.deliveries import DeliveriesService
from tests.integration.notifications.support import Deliver, values
from tests.integration.notifications.users_service import Accounts

ConnectedUser = Callable[..., str]

CONNECTED = ("cancelled", 0, "the user was connected and saw it there")
SENT = ("sent", 1, None)
COLUMNS = ("status", "attempts", "last_error")

pytestmark = pytest.mark.usefixtures("mailbox")


@pytest.fixture
def skip_connected(settings: dict[str, Any]) -> dict[str, Any]:
    settings["notifications"]["delivery"] |= {"when": "when_away", "away_after": 60}
    section: dict[str, Any] = settings["notifications"]["delivery"]
    return section


@pytest.fixture
def connected_user(redis: Any, accounts: Accounts) -> ConnectedUser:
    """Add a user who had an open websocket so many seconds ago."""

    def connected_user(name: str, seconds: int | None, *notify_by: Any) -> str:
        user = accounts.add(name, *(notify_by or ("realtime", "email")))
        if seconds is not None:
            redis.set(seen_key(user), int(clock.now().timestamp()) - seconds, ex=60)
        return user

    return connected_user


@pytest.mark.usefixtures("skip_connected")
def test_connected_user_who_wants_realtime_gets_no_email(connected_user: ConnectedUser, deliver: Deliver) -> None:
    connected, gone, never = connected_user("ada", 30), connected_user("ben", 90), connected_user("cyn", None)
    without_realtime = connected_user("dan", 30, "email")
    deliveries = deliver("email", connected, gone, never, without_realtime)
    assert values(deliveries, *COLUMNS) == [CONNECTED, SENT, SENT, SENT]


@pytest.mark.usefixtures("skip_connected")
def test_forced_channel_is_used_for_a_connected_user(connected_user: ConnectedUser, deliver: Deliver) -> None:
    assert values(deliver("email", connected_user("ada", 30), forced=True), *COLUMNS) == [SENT]


def test_connected_user_gets_email_by_default(connected_user: ConnectedUser, deliver: Deliver) -> None:
    assert values(deliver("email", connected_user("ada", 30)), *COLUMNS) == [SENT]


@pytest.mark.usefixtures("skip_connected")
def test_email_is_sent_and_a_warning_logged_if_redis_is_unavailable(
    settings: dict[str, Any], connected_user: ConnectedUser, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    settings["redis_url"] = "redis://127.0.0.1:9/0"  # refuses connections
    with caplog.at_level(logging.WARNING, "notifications.delivery.presence"):
        assert values(deliver("email", connected_user("ada", 30)), *COLUMNS) == [SENT]
    assert "presence is unknown, no user counts as connected: ConnectionError" in caplog.text


@pytest.mark.parametrize(
    ("setting", "value", "variable"),
    [("when", "never", "DELIVER_WHEN"), ("away_after", 0, "AWAY_AFTER"), ("away_after", "soon", "AWAY_AFTER")],
)
def test_invalid_setting_prevents_the_start(
    skip_connected: dict[str, Any], start: Callable[..., ServiceRunner], setting: str, value: object, variable: str
) -> None:
    skip_connected[setting] = value
    with pytest.raises(ValueError, match=variable):
        start(DeliveriesService)
