"""Goes on with fan-outs that stopped half way: a process died, or users was away for longer than events wait."""

import logging
import time
from datetime import timedelta

from chassis import clock
from chassis.errors import ServiceError
from notifications.fanout.fanout import Fanout
from notifications.inbox import inbox_store

AT_A_TIME = 100  # posts
ROUND = 10  # seconds after which no other post is begun; a process that is to stop waits so long

_log = logging.getLogger(__name__)


def run(fanout: Fanout, patience: float) -> None:
    """Go on with those that began more than `patience` seconds ago, oldest first, while users answers.

    One that is still under way, or is retried or reconciled elsewhere at the same time, is not disturbed.
    """
    deadline = time.monotonic() + ROUND
    with fanout.db.read() as session:
        found = inbox_store.unfinished(session, clock.now() - timedelta(seconds=patience), AT_A_TIME)
    try:
        for stopped in found:
            fanout.resume(stopped)
            _log.warning("a fan-out that had stopped is finished: post %s", stopped.post_id)
            if time.monotonic() > deadline:
                break
    except ServiceError as error:
        _log.warning("%d fan-out(s) wait: %s", len(found), error)
