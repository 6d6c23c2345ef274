"""Staff and services notify one user."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from chassis.auth.caller import Caller
from chassis.errors import Conflict, Invalid, Unavailable
from chassis.ids import new_id
from notifications.models import ErasedAccount
from tests.integration.notifications.support import Rows, staff, values
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.events import EventListener
from tests.integration.support.rpc import Rpc

FEEDS = Caller("feeds")
METHOD = "notifications.send_notification"
TOO_MANY = ("channels", ["email", "sms", "realtime", "email"])

pytestmark = pytest.mark.usefixtures("running")


def test_active_user_is_notified_by_the_channels_of_their_account(
    accounts: Accounts, rpc: Rpc, rows: Rows, listen: Callable[[str], EventListener]
) -> None:
    listener = listen("notifications")
    ada = accounts.add("ada", "realtime", "email")
    reply = rpc(METHOD, staff(new_id()), user_id=ada, message="Chai?", title="Tea")
    assert (reply["kind"], reply["title"], reply["message"]) == ("message", "Tea", "Chai?")
    assert listener.next("notification_created") == {"notification": reply, "recipients": [ada], "seqs": [1]}
    assert values(rows("inbox"), "user_id") == [ada]
    assert values(rows("deliveries"), "channel", "chosen") == [("email", False)]


def test_channels_of_the_sender_replace_those_of_the_account(
    accounts: Accounts, rpc: Rpc, rows: Rows, listen: Callable[[str], EventListener]
) -> None:
    listener, ada = listen("notifications"), accounts.add("ada", "realtime", "email")
    rpc(METHOD, FEEDS, user_id=ada, message="Chai?", channels=["sms"])
    realtime = rpc(METHOD, FEEDS, user_id=ada, message="Maandazi?", channels=["realtime"])
    assert realtime["title"] == "Message"  # the default
    assert listener.next("notification_created") == {"notification": realtime, "recipients": [ada], "seqs": [1]}
    assert values(rows("deliveries"), "channel", "chosen") == [("sms", True)]


@pytest.mark.parametrize("account", ["unknown", "erased"])
def test_inactive_recipient_is_a_conflict_and_nothing_is_stored(
    accounts: Accounts, rpc: Rpc, rows: Rows, database: Engine, account: str
) -> None:
    """An erased account may still be in the reply of users, if it was erased after that reply."""
    recipient = new_id()
    if account == "erased":
        recipient = accounts.add("ada", "email")
        with database.begin() as connection:
            connection.execute(insert(ErasedAccount), {"user_id": recipient})
    with pytest.raises(Conflict) as raised:
        rpc(METHOD, FEEDS, user_id=recipient, message="Chai?")
    assert raised.value.code == "recipient_not_active"
    assert not any(rows(table) for table in ("notifications", "inbox", "deliveries", "outbox"))


def test_unavailable_users_service_stores_nothing_and_the_key_can_be_reused(
    accounts: Accounts, rpc: Rpc, rows: Rows
) -> None:
    ada = accounts.add("ada")
    accounts.failing_calls = [1]
    with pytest.raises(Unavailable):
        rpc(METHOD, FEEDS, request_key="key", user_id=ada, message="Chai?")
    assert rows("notifications") == []
    rpc(METHOD, FEEDS, request_key="key", user_id=ada, message="Chai?")
    assert len(rows("inbox")) == 1


def test_repeated_request_key_returns_the_first_reply_and_notifies_once(
    accounts: Accounts, rpc: Rpc, rows: Rows
) -> None:
    ada = accounts.add("ada", "email")
    replies = [rpc(METHOD, FEEDS, request_key="key", user_id=ada, message="Chai?") for _ in range(2)]
    assert replies[0] == replies[1]
    assert [len(rows(table)) for table in ("notifications", "inbox", "deliveries")] == [1, 1, 1]


def test_invalid_field_is_rejected_by_name(rpc: Rpc, rows: Rows) -> None:
    valid: dict[str, Any] = {"user_id": new_id(), "message": "Chai?"}
    lengths = [("message", ""), ("message", "x" * 1001), ("title", ""), ("title", "x" * 101), ("channels", [])]
    for field, value in [*lengths, TOO_MANY, ("user_id", "ada"), ("message", "a\0b"), ("channels.0", ["fax"])]:
        with pytest.raises(Invalid) as raised:
            rpc(METHOD, FEEDS, **(valid | {field.partition(".")[0]: value}))
        assert [error["field"] for error in raised.value.errors] == [field]
    assert rows("notifications") == []
