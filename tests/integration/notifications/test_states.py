"""What becomes of an inbox: its read state and its words, as sockets hear of them and as a replay tells them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from notifications.wording import Content
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import Invalid
from chassis.ids import new_id
from notifications.contract import BEGINNING
from notifications.inbox import inbox_store
from notifications.models import InboxRow, Notification
from tests.integration.notifications.conftest import user
from tests.integration.notifications.people import People
from tests.integration.support.events import EventListener, Listen
from tests.integration.support.rpc import GATEWAY, Rpc

Tell = Callable[[int], list[str]]
Missed = Callable[..., dict[str, Any]]
LONG_AGO = clock.now() - timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("told")


@pytest.fixture
def ada(people: People) -> str:
    return people.add("ada")


@pytest.fixture
def tell(ada: str, database: Engine) -> Tell:
    """Put so many notifications into ada's inbox, made an hour ago; return their ids, oldest first."""

    def tell(number: int) -> list[str]:
        with Session(database) as session, session.begin():
            ids = [inbox_store.add(session, Content("message", "Tea", f"Chai {place}?")).id for place in range(number)]
            for notification in ids:
                inbox_store.add_to_inbox(session, notification, [ada])
            session.execute(update(Notification).values(created_at=LONG_AGO))
        return ids

    return tell


@pytest.fixture
def change(database: Engine) -> Callable[..., None]:
    """Give notifications other words, as at some moment."""

    def change(*ids: str, moment: Any = None) -> None:
        with Session(database) as session, session.begin():
            values = {"message": "Gone.", "changed_at": moment or clock.now()}
            session.execute(update(Notification).where(Notification.id.in_(ids)).values(values))

    return change


@pytest.fixture
def missed(rpc: Rpc, ada: str) -> Missed:
    def missed(since: str | None = None, limit: int = 1000) -> dict[str, Any]:
        reply: dict[str, Any] = rpc("notifications.missed", GATEWAY, user_id=ada, since=since, limit=limit)
        return reply

    return missed


@pytest.fixture
def received(listen: Listen) -> EventListener:
    return listen("notifications")


def next_read(received: EventListener) -> tuple[set[str], int]:
    event = received.next("notifications_read")
    return set(event["ids"]), event["unread"]


def test_what_really_became_read_is_told_with_what_is_left(
    ada: str, tell: Tell, rpc: Rpc, received: EventListener
) -> None:
    first, second, third = tell(3)
    rpc("notifications.mark_read", user(ada), ids=[first, first, new_id()])
    rpc("notifications.mark_read", user(ada), ids=[first, second])
    rpc("notifications.mark_read", user(ada), all=True)
    assert [next_read(received) for _ in range(3)] == [({first}, 2), ({second}, 1), ({third}, 0)]


def test_nothing_is_told_where_nothing_became_read(
    ada: str, people: People, tell: Tell, rpc: Rpc, received: EventListener
) -> None:
    (notification,) = tell(1)
    rpc("notifications.mark_read", user(people.add("ben")), ids=[notification])
    for _ in range(2):
        rpc("notifications.mark_read", user(ada), all=True)
    (other,) = tell(1)
    rpc("notifications.mark_read", user(ada), all=True)
    assert [next_read(received) for _ in range(2)] == [({notification}, 0), ({other}, 0)]


def test_full_inbox_is_read_at_once_in_several_events(ada: str, tell: Tell, rpc: Rpc, received: EventListener) -> None:
    told = tell(2001)
    rpc("notifications.mark_read", user(ada), ids=told[:1000])
    assert next_read(received) == (set(told[:1000]), 1001)
    rpc("notifications.mark_read", user(ada), all=True)
    parts = [next_read(received) for _ in range(2)]
    assert [(len(ids), unread) for ids, unread in parts] == [(1000, 0), (1, 0)]
    assert parts[0][0] | parts[1][0] == set(told[1000:])


def test_more_than_a_thousand_ids_are_rejected(ada: str, rpc: Rpc) -> None:
    with pytest.raises(Invalid, match="ids"):
        rpc("notifications.mark_read", user(ada), ids=[new_id() for _ in range(1001)])


def test_a_replay_tells_what_was_read_of_what_was_there_and_of_what_came(
    ada: str, tell: Tell, rpc: Rpc, missed: Missed
) -> None:
    old, since, new, newest = tell(4)
    rpc("notifications.mark_read", user(ada), ids=[old, new])
    replay = missed(since)
    assert ([item["id"] for item in replay["items"]], set(replay["read"])) == ([new, newest], {old, new})
    assert (replay["resumed"], replay["unread"]) == (True, 2)


def test_a_replay_tells_new_words_of_what_was_there_once(
    tell: Tell, change: Callable[..., None], missed: Missed
) -> None:
    old, _, since, new = tell(4)
    change(since, moment=clock.now() - timedelta(minutes=1))
    change(old, new)
    replay = missed(since)
    assert [(item["id"], item["message"]) for item in replay["changed"]] == [(since, "Gone."), (old, "Gone.")]
    assert [(item["id"], item["message"]) for item in replay["items"]] == [(new, "Gone.")]


def test_a_replay_goes_back_a_minute_before_its_beginning_was_made(
    ada: str, tell: Tell, change: Callable[..., None], missed: Missed, database: Engine
) -> None:
    earlier, later, since = tell(3)
    for notification, seconds in ((earlier, 61), (later, 59)):
        moment = LONG_AGO - timedelta(seconds=seconds)
        change(notification, moment=moment)
        with Session(database) as session, session.begin():
            mine = update(InboxRow).where(InboxRow.user_id == ada, InboxRow.notification_id == notification)
            session.execute(mine.values(read_at=moment))
    replay = missed(since)
    assert (replay["read"], [item["id"] for item in replay["changed"]]) == ([later], [later])
    assert set(missed(BEGINNING)["read"]) == {earlier, later}


def test_without_a_beginning_what_was_read_just_now_is_told_all_the_same(
    ada: str, tell: Tell, rpc: Rpc, missed: Missed
) -> None:
    told = tell(2)
    rpc("notifications.mark_read", user(ada), ids=told[:1])
    replay = missed()
    assert (replay["resumed"], replay["items"], replay["read"], replay["changed"]) == (False, [], told[:1], [])


@pytest.fixture
def read(ada: str, rpc: Rpc) -> Callable[..., None]:
    return lambda *ids: rpc("notifications.mark_read", user(ada), ids=ids)


@pytest.mark.parametrize(("what", "happens"), [("read", "read"), ("changed", "change")])
def test_a_replay_of_more_than_a_thousand_states_is_honestly_none(
    tell: Tell, missed: Missed, request: pytest.FixtureRequest, what: str, happens: str
) -> None:
    told, happen = tell(1001), request.getfixturevalue(happens)
    happen(*told[:1000])
    assert (missed(told[-1])["resumed"], len(missed(told[-1])[what])) == (True, 1000)
    happen(told[-1])
    replay = missed(told[-1])
    assert (replay["resumed"], replay["items"], replay["newest"]) == (False, [], told[-1])
