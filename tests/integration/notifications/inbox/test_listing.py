"""The inbox: pages, read state, and one notification."""

from collections.abc import Callable

import pytest
from hypothesis import given

from chassis.auth.caller import Caller
from chassis.errors import NotFound, Unauthenticated
from chassis.ids import new_id
from tests.integration.notifications.support import staff, user
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.pagination import STEPS, WITH_REAL_SERVICES, read_all
from tests.integration.support.rpc import GATEWAY, Rpc

Send = Callable[..., str]

pytestmark = pytest.mark.usefixtures("running")


@pytest.fixture
def send(rpc: Rpc) -> Send:
    def send(user_id: str) -> str:
        reply = rpc("notifications.send_notification", Caller("feeds"), user_id=user_id, message="Chai?")
        return str(reply["id"])

    return send


@pytest.fixture
def ada(accounts: Accounts) -> str:
    return accounts.add("ada")


@WITH_REAL_SERVICES
@given(steps=STEPS)
def test_paging_returns_each_notification_once_while_new_ones_arrive(
    accounts: Accounts, send: Send, rpc: Rpc, steps: list[tuple[int, int]]
) -> None:
    ada = accounts.add("ada")
    sent = [send(ada) for _ in range(9)]
    read = read_all(lambda **query: rpc("notifications.inbox", user(ada), **query), lambda: send(ada), steps)
    assert read == sent[::-1]


def test_inbox_of_another_user_is_neither_read_nor_changed(ada: str, accounts: Accounts, send: Send, rpc: Rpc) -> None:
    notification, ben = send(ada), user(accounts.add("ben"))
    rpc("notifications.mark_read", ben, ids=[notification])
    assert rpc("notifications.inbox", ben) == {"items": [], "next": None, "unread": 0}
    assert rpc("notifications.inbox", user(ada))["unread"] == 1
    with pytest.raises(Unauthenticated):
        rpc("notifications.inbox", GATEWAY)


def test_marking_as_read_keeps_the_first_time(ada: str, send: Send, rpc: Rpc) -> None:
    first, second = send(ada), send(ada)
    for _ in range(2):
        assert rpc("notifications.mark_read", user(ada), ids=[first, new_id()]) == {}
    page = rpc("notifications.inbox", user(ada))
    times = {item["id"]: item["read_at"] for item in page["items"]}
    assert times[first] is not None
    assert times[second] is None
    assert page["unread"] == 1
    rpc("notifications.mark_read", user(ada), all=True)
    page = rpc("notifications.inbox", user(ada))
    assert page["unread"] == 0
    assert page["items"][1]["read_at"] == times[first]


def test_notification_is_visible_to_recipient_and_staff_only(
    ada: str, accounts: Accounts, send: Send, rpc: Rpc
) -> None:
    notification, other = send(ada), accounts.add("ben")
    for caller in (user(ada), staff(other)):
        assert rpc("notifications.detail", caller, id=notification)["message"] == "Chai?"
    for caller, missing in ((user(other), notification), (staff(other), new_id())):
        with pytest.raises(NotFound):
            rpc("notifications.detail", caller, id=missing)
