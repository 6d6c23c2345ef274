"""Resumes interrupted fan-outs: after a crash, or an outage of users that outlasted the retries of the event."""

import logging
import time
from datetime import timedelta

from chassis import clock
from chassis.errors import ServiceError
from notifications.fanout import progress_store
from notifications.fanout.fanout import Fanout

BATCH = 100  # posts per run
RUN_SECONDS = 10  # no fan-out is resumed after that; a process that stops waits so long

_log = logging.getLogger(__name__)


def run(fanout: Fanout, min_age: float) -> None:
    """Resume fan-outs that started more than `min_age` seconds ago, oldest first, until users is unavailable.

    It is harmless if a fan-out is still running, or is resumed by another process at the same time.
    """
    deadline = time.monotonic() + RUN_SECONDS
    with fanout.db.read() as session:
        interrupted = progress_store.interrupted(session, clock.now() - timedelta(seconds=min_age), BATCH)
    try:
        for post in interrupted:
            fanout.resume(post)
            _log.warning("resumed an interrupted fan-out: post %s", post.post_id)
            if time.monotonic() > deadline:
                break
    except ServiceError as error:
        _log.warning("%d fan-out(s) are delayed: %s", len(interrupted), error)
