"""Staff and services tell one person something."""

from collections.abc import Callable
from typing import Any

import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine, insert

from chassis.auth.caller import Caller
from chassis.errors import Conflict, Forbidden, Invalid, Unavailable
from chassis.ids import new_id
from notifications.deliveries import DeliveriesService
from notifications.models import Erased
from tests.integration.notifications.conftest import Rows, Settled, staff, user
from tests.integration.notifications.people import People
from tests.integration.support.events import EventListener
from tests.integration.support.fakes import FakeServer
from tests.integration.support.rpc import Rpc

FEEDS = Caller("feeds")
METHOD = "notifications.send_notification"

pytestmark = pytest.mark.usefixtures("told")


@pytest.fixture
def start_deliveries(settings: dict[str, Any], runner_factory: Callable[..., ServiceRunner]) -> Callable[[], None]:
    """Begin to send what is in the database already."""
    return lambda: runner_factory(settings, DeliveriesService).start()


def test_an_active_user_is_told_the_way_they_chose(
    people: People, rpc: Rpc, rows: Rows, listen: Callable[[str], EventListener]
) -> None:
    listener = listen("notifications")
    ada = people.add("ada", "realtime", "email")
    reply = rpc(METHOD, staff(new_id()), user_id=ada, message="Chai?", title="Tea")
    assert (reply["kind"], reply["title"], reply["message"]) == ("message", "Tea", "Chai?")
    assert listener.next("notification_created") == {"notification": reply, "recipients": [ada]}
    assert [row["user_id"] for row in rows("inbox")] == [ada]
    assert [(row["channel"], row["chosen"]) for row in rows("deliveries")] == [("email", False)]


def test_the_sender_may_choose_the_channels(people: People, rpc: Rpc, rows: Rows) -> None:
    ada = people.add("ada", "realtime", "email")
    rpc(METHOD, FEEDS, user_id=ada, message="Chai?", channels=["sms"])
    assert [(row["channel"], row["chosen"]) for row in rows("deliveries")] == [("sms", True)]
    assert rows("outbox") == []


def test_somebody_who_is_not_active_is_told_nothing(rpc: Rpc, rows: Rows) -> None:
    with pytest.raises(Conflict) as rejected:
        rpc(METHOD, FEEDS, user_id=new_id(), message="Chai?")
    assert rejected.value.code == "recipient_not_active"
    assert not any(rows(table) for table in ("notifications", "inbox", "deliveries"))


def test_frames_alone_may_be_chosen_too(
    people: People, rpc: Rpc, rows: Rows, listen: Callable[[str], EventListener]
) -> None:
    listener = listen("notifications")
    ada = people.add("ada", "email")
    reply = rpc(METHOD, FEEDS, user_id=ada, message="Chai?", channels=["realtime"])
    assert listener.next("notification_created") == {"notification": reply, "recipients": [ada]}
    assert rows("deliveries") == []


def test_somebody_whose_account_was_erased_since_users_was_asked_is_told_nothing(
    people: People, rpc: Rpc, rows: Rows, database: Engine
) -> None:
    ada = people.add("ada", "email")
    with database.begin() as connection:
        connection.execute(insert(Erased), {"user_id": ada})
    with pytest.raises(Conflict) as rejected:
        rpc(METHOD, FEEDS, user_id=ada, message="Chai?")
    assert rejected.value.code == "recipient_not_active"
    assert not any(rows(table) for table in ("notifications", "inbox", "deliveries", "outbox"))


def test_somebody_whose_account_is_closed_before_it_is_sent_is_sent_nothing(  # noqa: PLR0913, PLR0917 - its fixtures
    people: People,
    rpc: Rpc,
    settled: Settled,
    start_deliveries: Callable[[], object],
    mailbox: FakeServer,
    sms: FakeServer,
) -> None:
    ada = people.add("ada", phone="+254711000001")
    rpc(METHOD, FEEDS, user_id=ada, message="Chai?", channels=["email", "sms"])
    people.close(ada)
    start_deliveries()
    assert {(row["channel"], row["status"], row["last_error"]) for row in settled()} == {
        ("email", "cancelled", "the account is closed"),
        ("sms", "cancelled", "the account is closed"),
    }
    assert mailbox.received() == sms.received() == []


def test_without_an_answer_from_users_nothing_is_sent_and_the_same_key_may_try_again(
    people: People, rpc: Rpc, rows: Rows
) -> None:
    ada = people.add("ada")
    people.failures = [1]
    with pytest.raises(Unavailable):
        rpc(METHOD, FEEDS, request_key="key", user_id=ada, message="Chai?")
    assert rows("notifications") == []
    rpc(METHOD, FEEDS, request_key="key", user_id=ada, message="Chai?")
    assert len(rows("inbox")) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user_id", "ada"),
        ("message", ""),
        ("message", "x" * 1001),
        ("message", "a\0b"),
        ("title", ""),
        ("title", "x" * 101),
        ("channels", []),
        ("channels.0", ["fax"]),
        ("channels", ["email", "sms", "realtime", "email"]),
    ],
    ids=range(9),
)
def test_what_cannot_be_sent_is_rejected_with_the_name_of_the_field(
    rpc: Rpc, rows: Rows, field: str, value: object
) -> None:
    good: dict[str, Any] = {"user_id": new_id(), "message": "Chai?"}
    with pytest.raises(Invalid) as rejected:
        rpc(METHOD, FEEDS, **(good | {field.partition(".")[0]: value}))
    assert [error["field"] for error in rejected.value.errors] == [field]
    assert rows("notifications") == []


def test_ordinary_users_may_not_send(people: People, rpc: Rpc, rows: Rows) -> None:
    ada = people.add("ada")
    with pytest.raises(Forbidden):
        rpc(METHOD, user(ada), user_id=ada, message="Chai?")
    assert rows("notifications") == []


def test_a_repeated_request_is_answered_and_not_sent_again(people: People, rpc: Rpc, rows: Rows) -> None:
    ada = people.add("ada", "email")
    replies = [rpc(METHOD, FEEDS, request_key="key", user_id=ada, message="Chai?") for _ in range(2)]
    assert replies[0] == replies[1]
    assert [len(rows(table)) for table in ("notifications", "inbox", "deliveries")] == [1, 1, 1]
