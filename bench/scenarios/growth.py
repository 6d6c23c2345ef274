"""What a post and an inbox page cost with more users and with more inbox rows."""

from collections.abc import Iterator
from functools import partial

from bench.load import wrk
from bench.load.http import Request
from bench.load.loops import closed_loop
from bench.measure.measurement import Measurement
from bench.measure.usage import Usage
from bench.platform import Platform
from bench.scenarios.create_post import RECIPIENTS, measure
from bench.scenarios.posting import CONCURRENCY, create_posts

POSTS = 300
SECONDS = 4
USERS = (10_000, 100_000)  # who are not active
ROWS = (10_000, 100_000)
MANY_ROWS = (100_000, 10_000_000)
INBOXES = 1_000  # that share the rows


def users(platform: Platform) -> Iterator[Measurement]:
    """Create posts to 10 recipients among 10,000 and among 100,000 users who are not active."""
    for size in USERS:
        tokens = platform.new_users(RECIPIENTS + 1, size).tokens
        yield _create_posts(platform, f"create-post, {size:,} users", tokens)


def inbox_rows(platform: Platform) -> Iterator[Measurement]:
    """Create posts, and read inbox pages, with 10,000 and with 100,000 rows in inboxes."""
    yield from _inbox_rows(platform, ROWS)


def many_inbox_rows(platform: Platform) -> Iterator[Measurement]:
    """Do the same with 100,000 and with 10 million rows."""
    yield from _inbox_rows(platform, MANY_ROWS)


def _inbox_rows(platform: Platform, sizes: tuple[int, ...]) -> Iterator[Measurement]:
    for size in sizes:
        inserted = platform.new_users(RECIPIENTS + 1, INBOXES - RECIPIENTS - 1)
        platform.inboxes.fill(sorted(inserted.ids), size - platform.inboxes.total())
        name = f"{size:,} inbox rows"
        yield _create_posts(platform, f"create-post, {name}", inserted.tokens)
        yield _read_inboxes(platform, f"inbox page, {name}", inserted.tokens)


def _create_posts(platform: Platform, name: str, tokens: list[str]) -> Measurement:
    create_posts(platform, tokens, CONCURRENCY)  # opens connections
    load = partial(closed_loop, concurrency=CONCURRENCY)
    return next(measure(platform, name, tokens, POSTS, load))


def _read_inboxes(platform: Platform, name: str, tokens: list[str]) -> Measurement:
    requests = [Request("GET", "/notifications/?limit=20", token) for token in tokens]
    with Usage(platform.instance.control) as usage:
        result = wrk.run(platform.target, requests, concurrency=CONCURRENCY, seconds=SECONDS)
    return result.measured(usage, name)
