"""Posts to 10 recipients, until each is in all 10 inboxes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from bench.data.inboxes import Arrivals
from bench.load.http import Client, Request, Response
from bench.load.loops import Sender, closed_loop, open_loop
from bench.measure.latency import Latency
from bench.measure.measurement import Measurement
from bench.measure.usage import Usage
from bench.platform import Platform
from bench.scenarios.posting import CONCURRENCY, PATIENCE, create_posts, now, post_id, post_requests

RECIPIENTS = 10
POSTS = 1_000
RATE, RATE_SECONDS = 200, 8  # posts per second

Load = Callable[[Sender, list[Request]], Awaitable[list[Response]]]


def concurrent(platform: Platform) -> Iterator[Measurement]:
    """Create posts, 32 at a time."""
    tokens = platform.new_users(RECIPIENTS + 1).tokens
    create_posts(platform, tokens, CONCURRENCY)  # opens connections
    yield from measure(
        platform, "create-post, 32 at a time", tokens, POSTS, partial(closed_loop, concurrency=CONCURRENCY)
    )


def at_rate(platform: Platform) -> Iterator[Measurement]:
    """Create 200 posts per second."""
    tokens = platform.new_users(RECIPIENTS + 1).tokens
    create_posts(platform, tokens, CONCURRENCY)
    yield from measure(platform, f"create-post at {RATE}/s", tokens, RATE * RATE_SECONDS, partial(open_loop, rate=RATE))


def measure(platform: Platform, name: str, tokens: list[str], posts: int, load: Load) -> Iterator[Measurement]:
    """Yield the latency of responses and of inboxes. The cost of a post includes its delivery."""
    arrivals = Arrivals(platform.inboxes, len(tokens) - 1)
    with Usage(platform.instance.control) as usage:
        started = now()
        responses = asyncio.run(_create(platform, arrivals, list(post_requests(tokens, posts)), load))
    accepted = [response for response in responses if response.ok]
    until = max(response.ended for response in responses)
    errors = len(responses) - len(accepted)
    yield Measurement.of(
        usage,
        name=name,
        unit="post",
        count=len(accepted),
        seconds=until - started,
        latency=Latency.of(response.seconds for response in responses),
        errors=errors,
    )
    complete = arrivals.by_post()
    waits = [complete[post_id(response)] - response.intended for response in accepted]
    yield Measurement(
        name=f"{name}: in all inboxes",
        unit="post",
        count=len(accepted),
        seconds=arrivals.last - started,
        latency=Latency.of(waits),
    )


async def _create(platform: Platform, arrivals: Arrivals, requests: list[Request], load: Load) -> list[Response]:
    """Send the requests, and wait until all posts are in all inboxes."""
    client, expected = Client(platform.target), len(requests)
    following = asyncio.create_task(arrivals.wait(expected, PATIENCE))
    responses = await load(client, requests)
    failed = sum(not response.ok for response in responses)
    if failed:  # some of them may have been stored
        following.cancel()
        await arrivals.wait(expected - failed, PATIENCE)
    else:
        await following
    client.close()
    return responses
