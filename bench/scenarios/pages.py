"""Reads of posts: a cached page, and details of many posts."""

import asyncio
from collections.abc import Iterator

from bench.load import wrk
from bench.load.http import Client, Request
from bench.load.loops import closed_loop
from bench.measure.measurement import Measurement
from bench.measure.usage import Usage
from bench.platform import Platform
from bench.scenarios.posting import CONCURRENCY, create_posts

SECONDS = 8
POSTS = (1_000, 10_000)
READERS = 20


def all_posts(platform: Platform) -> Iterator[Measurement]:
    """Read the newest 20 posts, which are cached."""
    users = platform.new_users(READERS)
    create_posts(platform, users.tokens, 20)
    yield _read(platform, "all-posts, cached", ["/all-posts/?limit=20"] * READERS, users.tokens)


def post_detail(platform: Platform) -> Iterator[Measurement]:
    """Read the details of 1,000 and of 10,000 posts again and again, so that they are cached."""
    users = platform.new_users(READERS)
    create_posts(platform, users.tokens, READERS)  # the gateway knows the name of an author after a post
    for size in POSTS:
        posts = platform.posts.insert(min(users.ids), size)
        yield _read(platform, f"post-detail, {size:,} posts", [f"/post-detail/{post}/" for post in posts], users.tokens)


def _read(platform: Platform, name: str, paths: list[str], tokens: list[str]) -> Measurement:
    requests = [Request("GET", path, tokens[number % len(tokens)]) for number, path in enumerate(paths)]
    asyncio.run(closed_loop(Client(platform.target), requests, CONCURRENCY))  # fills the cache
    with Usage(platform.instance.control) as usage:
        result = wrk.run(platform.target, requests, concurrency=CONCURRENCY, seconds=SECONDS)
    return result.measured(usage, name)
