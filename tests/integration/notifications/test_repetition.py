"""Every write of notifications that is delivered twice replies the same and is done once."""

from collections.abc import Callable

import pytest
from nameko.runners import ServiceRunner
from sqlalchemy import Engine

from tests.integration.notifications.support import user
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.repetition import Call, require_same_reply_and_state
from tests.integration.support.rpc import GATEWAY, OPERATOR, Rpc

WRITES: dict[str, Callable[[str], Call]] = {  # by the id of a user with an unread notification
    "send_notification": lambda ada: (OPERATOR, {"user_id": ada, "message": "Chai?"}),
    "mark_read": lambda ada: (user(ada), {"all": True}),
    "delivery_report": lambda _: (GATEWAY, {"provider_id": "ATXid_1", "status": "Success"}),
}


@pytest.fixture
def ada(running: ServiceRunner, accounts: Accounts, rpc: Rpc) -> str:
    assert running
    ada = accounts.add("ada", "email")
    rpc("notifications.send_notification", OPERATOR, user_id=ada, message="Karibu")
    return ada


@pytest.mark.parametrize("method", WRITES)
def test_repeated_write_has_the_same_reply_and_no_further_effect(
    database: Engine, ada: str, rpc: Rpc, method: str
) -> None:
    require_same_reply_and_state(rpc, database, f"notifications.{method}", WRITES[method](ada))


def test_repeated_mark_of_all_does_not_mark_what_came_later(ada: str, rpc: Rpc) -> None:
    rpc("notifications.mark_read", user(ada), request_key="once", all=True)
    rpc("notifications.send_notification", OPERATOR, user_id=ada, message="Chai?")
    rpc("notifications.mark_read", user(ada), request_key="once", all=True)
    assert rpc("notifications.inbox", user(ada))["unread"] == 1
