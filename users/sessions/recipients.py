"""Who was active: the users whose account was open and who had a live session at a time, or at several."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from users.contract import ActiveRecipients, Recipient, Recipients
from users.sessions import store
from users.sessions.store import Candidate


def page(session: Session, request: ActiveRecipients) -> Recipients:
    """Return a page of the users who were active at one of the times.

    Most users were active throughout. Only the sessions of the others are compared with each of the times.
    """
    moments = request.moments or [request.as_of]
    limit = request.page or request.limit
    found = store.candidates(session, request, moments, limit + 1)
    after = found[limit - 1].id if len(found) > limit else None
    items: list[Recipient] = [*found[:limit]]
    if request.moments is None:
        return Recipients.model_construct(items=items, next=after)
    inactive = _inactive(session, found[:limit], moments)
    items = [user for user in items if len(inactive.get(user.id, ())) < len(moments)]
    return Recipients.model_construct(items=items, next=after, inactive=inactive)


def _inactive(session: Session, found: Sequence[Candidate], moments: Sequence[datetime]) -> dict[str, list[int]]:
    """Return the positions of the times at which users were not active; users who always were are missing."""
    uncertain = [user.id for user in found if not user.throughout]
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
