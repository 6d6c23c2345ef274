"""Events about read state, and the replay of an inbox to a websocket."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import Invalid
from chassis.ids import new_id
from notifications.contract import BEGINNING
from notifications.inbox import inbox_store, notification_store
from notifications.inbox.replay import ENOUGH
from notifications.models import InboxRow, Notification
from notifications.texts import Content
from tests.integration.notifications.support import user
from tests.integration.notifications.users_service import Accounts
from tests.integration.support.events import EventListener, Listen
from tests.integration.support.rpc import GATEWAY, Rpc

Add = Callable[[int], list[str]]
Change = Callable[..., None]
MarkRead = Callable[..., None]
Replay = Callable[..., dict[str, Any]]
AN_HOUR_AGO = clock.now() - timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("running")


@pytest.fixture
def ada(accounts: Accounts) -> str:
    return accounts.add("ada")


@pytest.fixture
def add(ada: str, database: Engine) -> Add:
    """Add notifications of an hour ago to ada's inbox; return their ids, oldest first."""

    def add(number: int) -> list[str]:
        with Session(database) as session, session.begin():
            contents = [Content("message", "Tea", f"Chai {n}?") for n in range(number)]
            ids = [notification_store.create(session, content).id for content in contents]
            inbox_store.add(session, {notification: [ada] for notification in ids})
            session.execute(update(Notification).values(created_at=AN_HOUR_AGO))
        return ids

    return add


@pytest.fixture
def change(database: Engine) -> Change:
    """Change the content of notifications, now or at another time."""

    def change(*ids: str, at: Any = None) -> None:
        with Session(database) as session, session.begin():
            values = {"message": "Gone.", "changed_at": at or clock.now()}
            session.execute(update(Notification).where(Notification.id.in_(ids)).values(values))

    return change


@pytest.fixture
def mark_read(ada: str, rpc: Rpc) -> MarkRead:
    """Mark some of ada's notifications, or without ids all, as read."""

    def mark_read(*ids: str) -> None:
        rpc("notifications.mark_read", user(ada), **({"ids": ids} if ids else {"all": True}))

    return mark_read


@pytest.fixture
def replay(rpc: Rpc, ada: str) -> Replay:
    def replay(since: str | None = None, limit: int = 1000, *, recently_read: bool = True) -> dict[str, Any]:
        request: dict[str, Any] = {"user_id": ada, "since": since, "limit": limit, "recently_read": recently_read}
        reply: dict[str, Any] = rpc("notifications.missed", GATEWAY, **request)
        return reply

    return replay


@pytest.fixture
def events(listen: Listen) -> EventListener:
    return listen("notifications")


def next_read(events: EventListener) -> tuple[set[str], int]:
    event = events.next("notifications_read")
    return set(event["ids"]), event["unread"]


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in items]


def test_event_has_the_ids_that_became_read_and_the_unread_count(
    add: Add, mark_read: MarkRead, events: EventListener
) -> None:
    first, second, third = add(3)
    mark_read(first, first, new_id())
    mark_read(first, second)
    mark_read()
    assert [next_read(events) for _ in range(3)] == [({first}, 2), ({second}, 1), ({third}, 0)]


def test_no_event_is_published_if_nothing_became_read(
    accounts: Accounts, add: Add, mark_read: MarkRead, rpc: Rpc, events: EventListener
) -> None:
    (notification,) = add(1)
    rpc("notifications.mark_read", user(accounts.add("ben")), ids=[notification])
    for _ in range(2):
        mark_read()
    (other,) = add(1)
    mark_read()
    assert [next_read(events) for _ in range(2)] == [({notification}, 0), ({other}, 0)]


def test_large_inbox_is_marked_at_once_in_several_events(add: Add, mark_read: MarkRead, events: EventListener) -> None:
    added = add(2001)
    mark_read(*added[:1000])
    assert next_read(events) == (set(added[:1000]), 1001)
    mark_read()
    parts = [next_read(events) for _ in range(2)]
    assert [(len(read), unread) for read, unread in parts] == [(1000, 0), (1, 0)]
    assert parts[0][0] | parts[1][0] == set(added[1000:])


def test_more_than_a_thousand_ids_are_rejected(mark_read: MarkRead) -> None:
    with pytest.raises(Invalid, match="ids"):
        mark_read(*(new_id() for _ in range(1001)))


def test_replay_returns_later_notifications_in_order(add: Add, replay: Replay) -> None:
    first, *later = add(4)
    reply = replay(first)
    assert ids(reply["items"]) == later
    assert (reply["resumed"], reply["more"], reply["unread"], reply["newest"]) == (True, False, 4, later[-1])


def test_replay_beyond_its_limit_continues_from_its_last_item(add: Add, replay: Replay) -> None:
    first, *later = add(4)
    reply = replay(first, limit=2)
    rest = replay(reply["items"][-1]["id"], limit=2)
    assert ids(reply["items"] + rest["items"]) == later
    assert (reply["more"], rest["more"]) == (True, False)


@pytest.mark.parametrize("since", [None, "01932f3e-0000-7000-8000-000000000001"], ids=["null", "unknown"])
def test_replay_without_a_known_start_is_not_resumed(add: Add, replay: Replay, since: str | None) -> None:
    (newest,) = add(1)
    nothing: dict[str, list[str]] = {"items": [], "read": [], "changed": [], "others": []}
    assert replay(since) == nothing | {"more": False, "resumed": False, "unread": 1, "newest": newest, "seq": 0}


def test_replay_has_read_state_of_earlier_and_later_notifications(
    add: Add, mark_read: MarkRead, replay: Replay
) -> None:
    old, since, new, newest = add(4)
    mark_read(old, new)
    reply = replay(since)
    assert (ids(reply["items"]), set(reply["read"])) == ([new, newest], {old, new})
    assert (reply["resumed"], reply["unread"]) == (True, 2)


def test_replay_has_changed_content_of_earlier_notifications(add: Add, change: Change, replay: Replay) -> None:
    old, _, since, new = add(4)
    change(since, at=clock.now() - timedelta(minutes=1))
    change(old, new)
    reply = replay(since)
    assert [(item["id"], item["message"]) for item in reply["changed"]] == [(since, "Gone."), (old, "Gone.")]
    assert [(item["id"], item["message"]) for item in reply["items"]] == [(new, "Gone.")]


def test_replay_covers_the_minute_before_its_start(
    ada: str, add: Add, change: Change, replay: Replay, database: Engine
) -> None:
    earlier, later, since = add(3)
    for notification, seconds in ((earlier, 61), (later, 59)):
        at = AN_HOUR_AGO - timedelta(seconds=seconds)
        change(notification, at=at)
        with Session(database) as session, session.begin():
            row = update(InboxRow).where(InboxRow.user_id == ada, InboxRow.notification_id == notification)
            session.execute(row.values(read_at=at))
    reply = replay(since)
    assert (reply["read"], ids(reply["changed"])) == ([later], [later])
    assert set(replay(BEGINNING)["read"]) == {earlier, later}


def test_replay_has_what_was_read_and_changed_after_the_clock_was_set_back(
    add: Add, mark_read: MarkRead, replay: Replay, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, other, since = add(3)
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() - timedelta(hours=2))
    mark_read(old)
    with Session(database) as session, session.begin():
        inbox_store.lock(session)
        inbox_store.mark_changed(session, session.get_one(Notification, other))
    reply = replay(since)
    assert (reply["resumed"], reply["read"], ids(reply["changed"])) == (True, [old], [other])


def test_replay_has_nothing_that_was_read_and_changed_before_its_start(
    add: Add, mark_read: MarkRead, replay: Replay, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = add(1)
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() - timedelta(hours=2))
    mark_read(old)
    with Session(database) as session, session.begin():
        inbox_store.lock(session)
        inbox_store.mark_changed(session, session.get_one(Notification, old))
    (since,) = add(1)
    reply = replay(since)
    assert (reply["read"], reply["changed"]) == ([], [])


def test_replay_without_a_start_has_what_was_read_in_the_last_minute(
    add: Add, mark_read: MarkRead, replay: Replay
) -> None:
    first, _second = add(2)
    mark_read(first)
    reply = replay()
    assert (reply["resumed"], reply["items"], reply["read"], reply["changed"]) == (False, [], [first], [])
    assert replay(recently_read=False)["read"] == []


@pytest.mark.parametrize(("field", "act"), [("read", "mark_read"), ("changed", "change")])
def test_replay_with_more_than_a_thousand_states_is_not_resumed(
    add: Add, replay: Replay, request: pytest.FixtureRequest, field: str, act: str
) -> None:
    added, apply = add(1001), request.getfixturevalue(act)
    apply(*added[:1000])
    assert (replay(added[-1])["resumed"], len(replay(added[-1])[field])) == (True, 1000)
    apply(added[-1])
    reply = replay(added[-1])
    assert (reply["resumed"], reply["items"], reply["newest"]) == (False, [], added[-1])


def test_replays_of_several_users_are_in_the_order_of_the_request(
    rpc: Rpc, ada: str, accounts: Accounts, add: Add
) -> None:
    ids, ben = add(3), accounts.add("ben")
    others = [{"user_id": ada, "since": since, "limit": 2} for since in (ids[2], BEGINNING, None)]
    reply = rpc("notifications.missed", GATEWAY, user_id=ben, since=BEGINNING, others=others)
    assert (reply["items"], reply["unread"]) == ([], 0)
    found = [([item["id"] for item in one["items"]], one["more"], one["resumed"]) for one in reply["others"]]
    assert found == [([], False, True), (ids[:2], True, True), ([], False, False)]


def test_reply_with_a_large_replay_leaves_out_the_replays_after_it(rpc: Rpc, ada: str, add: Add) -> None:
    add(ENOUGH)
    large, small = {"user_id": ada, "since": BEGINNING, "limit": ENOUGH}, {"user_id": ada, "since": None}
    reply = rpc("notifications.missed", GATEWAY, **small, others=[large, small])
    assert [len(one["items"]) for one in reply["others"]] == [ENOUGH]
