"""The scenarios by name, in the order in which they run.

Each is a function that inserts its users and posts, loads the platform and yields what it measured.
"""

import os
from collections.abc import Callable, Iterator

from bench.measure.measurement import Measurement
from bench.platform import Platform
from bench.scenarios import create_post, mix, pages, rest

FULL = bool(os.environ.get("FULL"))

Scenario = Callable[[Platform], Iterator[Measurement]]

SCENARIOS: dict[str, Scenario] = {
    "rest": rest.at_rest,
    "all-posts": pages.all_posts,
    "post-detail": pages.post_detail,
    "create-post": create_post.in_flight,
    "create-post-rate": create_post.at_rate,
    "mix": mix.mix,
}
