"""A mix of requests: 60 % pages, 30 % details, 10 % posts to 10 recipients."""

import random
from collections.abc import Iterator

from bench.data.inboxes import Arrivals
from bench.load import wrk
from bench.load.http import Request
from bench.measure.measurement import Measurement
from bench.measure.usage import Usage
from bench.platform import Platform
from bench.scenarios.posting import CONCURRENCY, create_posts, now, post_requests, settle

RECIPIENTS = 10
SECONDS = 10
POSTS = 200
PAGES, DETAILS, WRITES = 600, 300, 100


def mix(platform: Platform) -> Iterator[Measurement]:
    """Send the requests in random order. The cost includes the delivery of the posts."""
    tokens = platform.new_users(RECIPIENTS + 1).tokens
    posts = create_posts(platform, tokens, POSTS)
    requests = [Request("GET", "/all-posts/?limit=20", tokens[number % len(tokens)]) for number in range(PAGES)]
    requests += [Request("GET", f"/post-detail/{posts[n % POSTS]}/", tokens[n % len(tokens)]) for n in range(DETAILS)]
    requests += list(post_requests(tokens, WRITES))
    random.Random(1).shuffle(requests)  # noqa: S311 - the same order in each run
    before, arrivals = platform.posts.count(), Arrivals(platform.inboxes, RECIPIENTS)
    with Usage(platform.instance.control) as usage:
        started = now()
        result = wrk.run(platform.target, requests, concurrency=CONCURRENCY, seconds=SECONDS)
        created = settle(platform, before, arrivals, RECIPIENTS)
    rate = created / (arrivals.last - started)
    yield result.measured(usage, "mix 60/30/10", figures={"posts in all inboxes/s": rate})
