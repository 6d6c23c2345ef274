"""Posts that wait while notifications is stopped."""

import asyncio
import threading
from collections.abc import Iterator

from bench.data.inboxes import Arrivals
from bench.load.http import Client
from bench.load.loops import closed_loop
from bench.measure.measurement import Measurement
from bench.measure.usage import Usage
from bench.platform import Platform
from bench.scenarios.posting import CONCURRENCY, PATIENCE, now, post_requests
from dev import DevError

POSTS, RECIPIENTS = 4_000, 20
SERVICE = "notifications.service"


def backlog(platform: Platform) -> Iterator[Measurement]:
    """Create 4,000 posts while notifications is stopped, then start it and wait until all are in 20 inboxes each."""
    tokens = platform.new_users(RECIPIENTS + 1).tokens
    arrivals, control = Arrivals(platform.inboxes, RECIPIENTS), platform.instance.control
    control.stop(SERVICE)
    responses = asyncio.run(closed_loop(Client(platform.target), post_requests(tokens, POSTS), CONCURRENCY))
    if failed := [response for response in responses if not response.ok]:
        raise DevError(f"{len(failed)} posts were not created: {failed[0].status} {failed[0].body.decode()}")
    started = now()
    starting = threading.Thread(target=control.start, args=[SERVICE])
    with Usage(control) as usage:
        starting.start()
        asyncio.run(arrivals.wait(POSTS, PATIENCE))
    starting.join()
    yield Measurement.of(
        usage,
        name=f"{POSTS:,} queued posts to {RECIPIENTS} inboxes each",
        unit="post",
        count=POSTS,
        seconds=arrivals.last - started,
        figures={"s until all are in all inboxes": arrivals.last - started},
    )
