"""The scenarios by name, in the order in which they run.

Each is a function that inserts its users and posts, loads the platform and yields what it measured.
"""

from collections.abc import Callable, Iterator

from bench.measure.measurement import Measurement
from bench.platform import Platform
from bench.scenarios import audience, backlog, create_post, growth, login, mix, pages, recovery, rest, sockets

Scenario = Callable[[Platform], Iterator[Measurement]]

SCENARIOS: dict[str, Scenario] = {
    "rest": rest.at_rest,
    "all-posts": pages.all_posts,
    "post-detail": pages.post_detail,
    "create-post": create_post.concurrent,
    "create-post-rate": create_post.at_rate,
    "mix": mix.mix,
    "login": login.login,
    "audience": audience.audience,
    "websockets": sockets.fan_out,
    "crowd": sockets.crowd,
    "users": growth.users,
    "inbox-rows": growth.inbox_rows,
    "backlog": backlog.backlog,
}
# Too long for `make bench`: FULL=1, or by name.
FULL: dict[str, Scenario] = {
    "million": audience.million,
    "many-inbox-rows": growth.many_inbox_rows,
}
# By name only: they measure something other than speed.
OTHERS: dict[str, Scenario] = {
    "recovery": recovery.recovery,
}
