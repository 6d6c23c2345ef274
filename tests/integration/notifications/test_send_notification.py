"""Staff and services tell one person something."""

from collections.abc import Callable

import pytest

from chassis.errors import Conflict, Forbidden
from chassis.ids import new_id
from chassis.tokens import Caller
from tests.integration.notifications.conftest import Rows, staff, user
from tests.integration.notifications.people import People
from tests.integration.support.events import Listener
from tests.integration.support.rpc import Rpc

FEEDS = Caller("feeds")
METHOD = "notifications.send_notification"

pytestmark = pytest.mark.usefixtures("told")


def test_an_active_user_is_told_the_way_they_chose(
    people: People, rpc: Rpc, rows: Rows, listen: Callable[[str], Listener]
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
    with pytest.raises(Conflict) as refused:
        rpc(METHOD, FEEDS, user_id=new_id(), message="Chai?")
    assert refused.value.code == "recipient_not_active"
    assert not any(rows(table) for table in ("notifications", "inbox", "deliveries"))


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
