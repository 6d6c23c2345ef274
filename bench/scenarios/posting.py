"""What several scenarios do: users create posts, and each post is to reach its recipients."""

import asyncio
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle, islice

from bench.data.inboxes import Arrivals
from bench.load.http import Client, Request, Response
from bench.load.loops import closed_loop
from bench.platform import Platform
from dev import DevError

CONCURRENCY = 32
PATIENCE = 60  # seconds without progress after which a scenario fails


def post_requests(tokens: Iterable[str], count: int) -> Iterator[Request]:
    """Return requests that create posts, of these users in turn."""
    for number, token in enumerate(islice(cycle(tokens), count)):
        yield Request("POST", "/create-post/", token, {"text": f"Karibu, the bench is open: {number}."})


def create_posts(platform: Platform, tokens: Sequence[str], count: int) -> list[str]:
    """Create posts and return their ids, when all of them are in all inboxes."""

    async def create() -> list[Response]:
        arrivals = Arrivals(platform.inboxes, len(tokens) - 1)
        responses = await closed_loop(Client(platform.target), post_requests(tokens, count), CONCURRENCY)
        if failed := [response for response in responses if not response.ok]:
            raise DevError(f"a post was not created: {failed[0].status} {failed[0].body.decode()}")
        if len(tokens) > 1:
            await arrivals.wait(count, PATIENCE)
        return responses

    return [post_id(response) for response in asyncio.run(create())]


def post_id(response: Response) -> str:
    """Return the id of a created post."""
    return str(json.loads(response.body)["id"])


def settle(platform: Platform, posts_before: int, arrivals: Arrivals, recipients: int) -> int:
    """Wait until every post that feeds has stored since is in all inboxes; return their number."""

    async def wait() -> int:
        await asyncio.sleep(1)  # requests that ran when the load ended
        posts = platform.posts.count() - posts_before
        await arrivals.wait(posts if recipients else 0, PATIENCE)
        return posts

    return asyncio.run(wait())


def now() -> float:
    """Return the time that responses and arrivals use."""
    return time.monotonic()
