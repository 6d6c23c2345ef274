"""What somebody reads of what they were told."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from chassis.auth.caller import Caller
from chassis.errors import Forbidden, Invalid, NotFound, Unauthenticated
from chassis.ids import new_id
from tests.integration.notifications.conftest import staff, user
from tests.integration.notifications.people import People
from tests.integration.support.pagination import STEPS, WITH_REAL_SERVICES, read_all
from tests.integration.support.rpc import GATEWAY, Rpc

Send = Callable[..., str]
FEEDS = Caller("feeds")

pytestmark = pytest.mark.usefixtures("told")


@pytest.fixture
def send(rpc: Rpc) -> Send:
    def send(user_id: str, message: str = "Chai?") -> str:
        reply = rpc("notifications.send_notification", FEEDS, user_id=user_id, message=message)
        return str(reply["id"])

    return send


@pytest.fixture
def ada(people: People) -> str:
    return people.add("ada")


def test_the_inbox_is_read_in_pages_newest_first(ada: str, send: Send, rpc: Rpc) -> None:
    sent = [send(ada) for _ in range(5)]
    page = rpc("notifications.inbox", user(ada), limit=3)
    rest = rpc("notifications.inbox", user(ada), limit=3, cursor=page["next"])
    assert [item["id"] for item in page["items"] + rest["items"]] == sent[::-1]
    assert (page["unread"], rest["next"]) == (5, None)


@WITH_REAL_SERVICES
@given(steps=STEPS)
def test_every_notification_is_read_once_whatever_comes_meanwhile(
    people: People, send: Send, rpc: Rpc, steps: list[tuple[int, int]]
) -> None:
    ada = people.add("ada")
    before = [send(ada) for _ in range(9)]
    seen = read_all(lambda **query: rpc("notifications.inbox", user(ada), **query), lambda: send(ada), steps)
    assert seen == before[::-1]


def test_nobody_reads_the_inbox_of_somebody_else(ada: str, people: People, send: Send, rpc: Rpc) -> None:
    send(ada)
    assert rpc("notifications.inbox", user(people.add("ben"))) == {"items": [], "next": None, "unread": 0}
    with pytest.raises(Unauthenticated):
        rpc("notifications.inbox", GATEWAY)


def test_a_cursor_that_nobody_gave_is_rejected(ada: str, rpc: Rpc) -> None:
    with pytest.raises(Invalid):
        rpc("notifications.inbox", user(ada), cursor="bm9uc2Vuc2U")


def test_what_is_marked_as_read_is_so_once_and_for_all(ada: str, send: Send, rpc: Rpc) -> None:
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


def test_nobody_marks_the_inbox_of_somebody_else(ada: str, people: People, send: Send, rpc: Rpc) -> None:
    notification = send(ada)
    rpc("notifications.mark_read", user(people.add("ben")), ids=[notification])
    assert rpc("notifications.inbox", user(ada))["unread"] == 1


def test_what_came_after_a_notification_is_replayed_in_order(ada: str, send: Send, rpc: Rpc) -> None:
    first, *later = [send(ada, f"number {number}") for number in range(4)]
    replay = rpc("notifications.missed", GATEWAY, user_id=ada, since=first)
    assert [item["id"] for item in replay["items"]] == later
    assert (replay["resumed"], replay["more"], replay["unread"], replay["newest"]) == (True, False, 4, later[-1])


def test_an_overlap_is_told_again_where_processes_may_overtake_each_other(
    settings: dict[str, Any], ada: str, send: Send, rpc: Rpc
) -> None:
    settings["notifications"]["replay"]["overlap"] = 60
    told = [send(ada) for _ in range(4)]
    replay = rpc("notifications.missed", GATEWAY, user_id=ada, since=told[2])
    assert [item["id"] for item in replay["items"]] == [told[0], told[1], told[3]]


def test_a_long_replay_is_cut_and_goes_on_from_its_last(ada: str, send: Send, rpc: Rpc) -> None:
    first, *later = [send(ada) for _ in range(4)]
    replay = rpc("notifications.missed", GATEWAY, user_id=ada, since=first, limit=2)
    rest = rpc("notifications.missed", GATEWAY, user_id=ada, since=replay["items"][-1]["id"], limit=2)
    assert [item["id"] for item in replay["items"] + rest["items"]] == later
    assert (replay["more"], rest["more"]) == (True, False)


@pytest.mark.parametrize("since", [None, "01932f3e-0000-7000-8000-000000000001"], ids=["nowhere", "unknown"])
def test_a_replay_from_nowhere_says_so_honestly(ada: str, send: Send, rpc: Rpc, since: str | None) -> None:
    newest = send(ada)
    replay = rpc("notifications.missed", GATEWAY, user_id=ada, since=since)
    nothing: dict[str, list[str]] = {"items": [], "read": [], "changed": []}
    assert replay == nothing | {"more": False, "resumed": False, "unread": 1, "newest": newest}


def test_only_the_gateway_may_ask_what_was_missed(ada: str, rpc: Rpc) -> None:
    with pytest.raises(Forbidden):
        rpc("notifications.missed", FEEDS, user_id=ada)


def test_recipients_and_staff_see_a_notification_and_visitor_do_not(
    ada: str, people: People, send: Send, rpc: Rpc
) -> None:
    notification, visitor = send(ada, "Chai?"), people.add("ben")
    for caller in (user(ada), staff(visitor)):
        assert rpc("notifications.detail", caller, id=notification)["message"] == "Chai?"
    for caller, missing in ((user(visitor), notification), (staff(visitor), new_id())):
        with pytest.raises(NotFound):
            rpc("notifications.detail", caller, id=missing)
