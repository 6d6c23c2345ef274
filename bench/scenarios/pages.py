"""Reads of posts: a cached page, and details of many posts."""

from collections.abc import Iterator

from bench.load import wrk
from bench.load.http import Request
from bench.measure.measurement import Measurement
from bench.measure.usage import Usage
from bench.platform import Platform
from bench.scenarios.posting import IN_FLIGHT, create_posts

SECONDS = 8
POSTS = 1_000


def all_posts(platform: Platform) -> Iterator[Measurement]:
    """Read the newest 20 posts, which are cached."""
    users = platform.new_users(20)
    create_posts(platform, users.tokens, 20)
    yield _read(platform, "all-posts, cached", ["/all-posts/?limit=20"], users.tokens)


def post_detail(platform: Platform) -> Iterator[Measurement]:
    """Read the details of 1,000 posts, then of 10,000, which are cached only after their first read."""
    users = platform.new_users(1)
    posts = create_posts(platform, users.tokens, POSTS)
    readers = platform.new_users(20).tokens
    name = f"post-detail, {POSTS:,} posts"
    yield _read(platform, name, [f"/post-detail/{post}/" for post in posts], readers)


def _read(platform: Platform, name: str, paths: list[str], tokens: list[str]) -> Measurement:
    requests = [Request("GET", path, tokens[number % len(tokens)]) for number, path in enumerate(paths * len(tokens))]
    wrk.run(platform.target, requests, in_flight=IN_FLIGHT, seconds=2)  # fills the cache
    with Usage(platform.instance.control) as usage:
        result = wrk.run(platform.target, requests, in_flight=IN_FLIGHT, seconds=SECONDS)
    return Measurement.of(
        usage,
        name=name,
        unit="request",
        count=result.requests,
        seconds=result.seconds,
        latency=result.latency,
        errors=result.errors,
    )
