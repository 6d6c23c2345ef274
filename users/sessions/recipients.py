"""Who was active: the users whose account was open and who had a live session at a time, or at several."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from users.contract import ActiveRecipients, Recipient, RecipientGroup, Recipients
from users.sessions import store
from users.sessions.store import Candidates


def page(session: Session, request: ActiveRecipients) -> Recipients:
    """Return a page of the users who were active at one of the times.

    Most users were active throughout. Only the sessions of the others are compared with each of the times.
    """
    moments = request.moments or [request.as_of]
    limit = request.page or request.limit
    found = store.candidates(session, request, moments, limit + 1)
    after = found.ids[limit - 1] if len(found.ids) > limit else None
    found = found.first(limit)
    inactive = _inactive(session, found, moments)
    never = {user_id for user_id, positions in inactive.items() if len(positions) == len(moments)}
    return Recipients.model_construct(
        items=[] if request.grouped else _items(found, never),
        groups=_groups(found, never) if request.grouped else None,
        next=after,
        inactive=None if request.moments is None else inactive,
    )


def _items(found: Candidates, never: Collection[str]) -> list[Recipient]:
    """Return the users who were ever active, in order of id."""
    return [
        Recipient.model_construct(id=user_id, notify_by=json.loads(channels))
        for user_id, channels in zip(found.ids, found.notify_by, strict=True)
        if user_id not in never
    ]


def _groups(found: Candidates, never: Collection[str]) -> list[RecipientGroup]:
    """Return the same by their channels."""
    groups = defaultdict(list)
    for user_id, channels in zip(found.ids, found.notify_by, strict=True):
        if user_id not in never:
            groups[channels].append(user_id)
    return [RecipientGroup.model_construct(ids=ids, notify_by=json.loads(channels)) for channels, ids in groups.items()]


def _inactive(session: Session, found: Candidates, moments: Sequence[datetime]) -> dict[str, list[int]]:
    """Return the positions of the times at which users were not active; users who always were are missing."""
    uncertain = [user_id for user_id, throughout in zip(found.ids, found.throughout, strict=True) if not throughout]
    if not uncertain:
        return {}
    times = defaultdict(list)
    for user_id, begin, end in store.times_of_activity(session, uncertain):
        times[user_id].append((begin, end))
    inactive = {
        user_id: [
            position
            for position, moment in enumerate(moments)
            if not any(begin <= moment < end for begin, end in times[user_id])
        ]
        for user_id in uncertain
    }
    return {user_id: positions for user_id, positions in inactive.items() if positions}
