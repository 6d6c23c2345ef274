"""Numbers the frames of each user's websockets, so that a missing or late frame is noticed.

Every event that becomes a frame takes the next number of each of its users, in the transaction that it reports. Inboxes
are locked until the commit, so the numbers have no gaps and are in the order of commits, also with several processes.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import count

from sqlalchemy import delete
from sqlalchemy.orm import Session

from chassis.db.sql import add_each
from notifications.inbox import inbox_store
from notifications.models import FrameSequence


def next_of(session: Session, users: Sequence[str]) -> list[int]:
    """Take the next number of each of these users, as often as the user is listed; return them in the same order."""
    inbox_store.lock(session)
    counts = Counter(users)
    numbers = add_each(session, FrameSequence, "user_id", "last", counts)
    if len(counts) == len(users):
        return [numbers[user] for user in users]
    following = {user: count(numbers[user] - taken + 1) for user, taken in counts.items()}
    return [next(following[user]) for user in users]


def remove(session: Session, user_id: str) -> None:
    """Remove the sequence of a deleted account."""
    session.execute(delete(FrameSequence).where(FrameSequence.user_id == user_id))
