"""One post to many inboxes."""

import asyncio
import json
import time
from collections.abc import Iterator
from functools import partial

from bench.data.inboxes import Arrivals
from bench.data.users import token_of
from bench.load.http import Client, Request, Response
from bench.measure.latency import Latency
from bench.measure.measurement import Measurement
from bench.measure.usage import Usage, sample
from bench.platform import Platform
from bench.scenarios.posting import PATIENCE, post_requests
from dev import DevError
from dev.machine.waiting import until

# Numbers of inboxes, and the rows of each. The next row of one with many rows goes to a page of the index of its own.
INBOXES = ((1_000, 0), (10_000, 0), (10_000, 100))
POSTS = 5
MILLION = 1_000_000
KILLED_AT = 0.4  # share of the inboxes
MEASURED_AT = (0.1, KILLED_AT, 0.7, 1)
SERVICE = "notifications.service"


def audience(platform: Platform) -> Iterator[Measurement]:
    """Create five posts, one after the other, to 1,000 and to 10,000 inboxes, which are empty or have 100 rows each.

    The latency is that of the last inbox.
    """
    for size, rows in INBOXES:
        users = platform.new_users(size + 1)
        platform.inboxes.fill(sorted(users.ids), size * rows)
        token = users.tokens[0]
        asyncio.run(_post(platform, token, size))
        with Usage(platform.instance.control) as usage:
            seconds = [asyncio.run(_post(platform, token, size)) for _ in range(POSTS)]
        yield Measurement.of(
            usage,
            name=f"a post to {size:,} inboxes" + (f" with {rows} rows each" if rows else ""),
            unit="delivery",
            count=size * POSTS,
            seconds=sum(seconds),
            latency=Latency.of(seconds),
        )


def million(platform: Platform) -> Iterator[Measurement]:
    """Create a post to a million inboxes, and kill notifications (kill -9) in the middle."""
    print("  inserts a million users", flush=True)
    author = token_of(min(platform.new_users(MILLION + 1).active))
    position, started, lost = platform.inboxes.last(), time.monotonic(), 0.0
    memory: dict[str, float] = {}
    with Usage(platform.instance.control) as usage:
        post = json.loads(asyncio.run(_send(platform, author)).body)["id"]
        for share in MEASURED_AT:
            until(partial(platform.inboxes.reached, position, int(share * MILLION)), f"{share:.0%} of the inboxes", 600)
            memory |= _memory(platform, f"at {share:.0%}")
            if share == KILLED_AT:
                lost = _kill(platform)
        seconds = time.monotonic() - started
    rows, users = platform.inboxes.recipients(post)
    yield Measurement.of(
        usage,
        name="a post to 1,000,000 inboxes, killed once",
        unit="delivery",
        count=users,
        seconds=seconds,
        errors=rows - users,
        figures={"seconds": seconds, "seconds without a new row after the kill": lost, **memory},
    )
    if (rows, users) != (MILLION, MILLION):
        raise DevError(f"{rows} inbox rows of {users} users instead of {MILLION}")


def _kill(platform: Platform) -> float:
    """Kill notifications; return the seconds until the next inbox row."""
    platform.instance.control.kill(SERVICE)
    killed, last = time.monotonic(), platform.inboxes.last()
    until(lambda: platform.inboxes.last() > last, "the first inbox after the kill", 60)
    return time.monotonic() - killed


def _memory(platform: Platform, moment: str) -> dict[str, float]:
    """Return the resident memory of the programs that pass on recipients."""
    samples = sample(platform.instance.control)
    return {f"{name} MB {moment}": samples[name].memory for name in (SERVICE, "users.service") if name in samples}


async def _post(platform: Platform, token: str, size: int) -> float:
    """Create a post; return the seconds until it is in all inboxes."""
    arrivals, started = Arrivals(platform.inboxes, size), time.monotonic()
    await _send(platform, token)
    await arrivals.wait(1, PATIENCE)
    return arrivals.last - started


async def _send(platform: Platform, token: str) -> Response:
    request: Request = next(post_requests([token], 1))
    response = await Client(platform.target).send(request)
    if not response.ok:
        raise DevError(f"the post was not created: {response.status} {response.body.decode()}")
    return response
