"""Replays changes of an inbox to a websocket that reconnects."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from chassis import clock
from notifications import contract, serializers
from notifications.inbox import inbox_store, replay_store

MAX_STATES = 1000  # of each kind in a replay; if more changed, the client fetches the inbox
ENOUGH = 1000  # entries in a reply, after which it contains no further replays
MARGIN = timedelta(seconds=60)
LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a replay starts: a `seq` of the inbox, and the age of that notification."""

    seq: int
    created_at: datetime


def replay(session: Session, requests: contract.ReplayRequests) -> contract.Replays:
    """Return the replays of a user and of others, of one snapshot; without those that do not fit into a reply."""
    inbox_store.snapshot(session)
    first = _replay(session, requests)
    others, size = list[contract.Replay](), _size(first)
    for request in requests.others:
        if size >= ENOUGH:
            break
        others.append(_replay(session, request))
        size += _size(others[-1])
    return contract.Replays.model_construct(**dict(first), others=others)


def _size(one: contract.Replay) -> int:
    return len(one.items) + len(one.read) + len(one.changed)


def _replay(session: Session, request: contract.ReplayRequest) -> contract.Replay:
    """Return new notifications after `since`, and changed states; not `resumed` if `since` is not in the inbox.

    A websocket that was sent `since` was sent every frame before it (`frame_sequence`), so only later ones can be
    missing. Changes are found by their place in the order of commits, those of processes of 0.1.0 by their time.
    """
    user, start = request.user_id, _start(session, request)
    since = (start.created_at if start else clock.now()) - MARGIN
    read = list[str]()
    if start or request.recently_read:
        read = replay_store.read_since(session, user, start.seq if start else None, since, MAX_STATES + 1)
    changed = replay_store.changed_since(session, user, start.seq, since, MAX_STATES + 1) if start else []
    if len(read) > MAX_STATES or len(changed) > MAX_STATES:
        start, changed = None, []
    new = replay_store.added(session, user, start.seq, request.limit + 1) if start else []
    state = replay_store.state(session, user)
    return contract.Replay(
        items=[serializers.notification(row) for row in new[: request.limit]],
        more=len(new) > request.limit,
        resumed=start is not None,
        unread=state.unread,
        newest=state.newest,
        read=read[:MAX_STATES],
        changed=[serializers.notification(row) for row in changed],
        seq=state.seq,
    )


def _start(session: Session, request: contract.ReplayRequest) -> _Start | None:
    """Return where the replay starts; None if `since` is not in the inbox."""
    if request.since is None:
        return None
    if request.since == contract.BEGINNING:
        return _Start(0, LONG_AGO)
    found = replay_store.position(session, request.user_id, request.since)
    return None if found is None else _Start(found.seq, found.created_at)
