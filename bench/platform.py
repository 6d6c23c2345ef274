"""The platform that is measured: an instance with private servers and high limits, and its databases."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from bench.data.inboxes import Inboxes
from bench.data.posts import Posts
from bench.data.users import Inserted, UsersDatabase, users_database
from bench.load.http import Target
from dev.machine import lock
from dev.machine.state import State
from dev.machine.waiting import until
from dev.platform.instance import Instance

NAME = "bench"
_NO_LIMIT = "1000000/second"
_VARIABLES = {
    "TRUSTED_PROXIES": "1",  # so that each login can have an address of its own
    **{f"THROTTLE_{name}": _NO_LIMIT for name in ("ANON", "USER", "LOGIN", "REGISTER")},
    "SMS_PER_NUMBER": "1000000",  # per day
}


class Platform(NamedTuple):
    """A running platform and its databases."""

    instance: Instance
    target: Target
    users: UsersDatabase
    posts: Posts
    inboxes: Inboxes

    def metrics_port(self, process: str) -> int:
        """Return the port at which a Nameko process serves its metrics."""
        return State(self.instance.directory).ports[process]

    def new_users(self, active: int, inactive: int = 0, *, hashed: str = "") -> Inserted:
        """Insert users; those of earlier calls are no longer active, so `active` users are notified of a post.

        All choose only real-time notifications. Before that, wait for the fan-out of all posts.
        """
        until(lambda: self.inboxes.fanned_out() >= self.posts.count(), "the fan-out of all posts", 180)
        self.users.end_sessions()
        return self.users.insert(active, inactive, emails=0, phones=0, hashed=hashed)


@contextmanager
def running(database: str = "sqlite") -> Iterator[Platform]:
    """Start a new platform; stop it and delete its data after the block. `database`: of feeds and notifications."""
    instance = Instance(NAME, {**os.environ, **_VARIABLES, "DATABASE": database}, quiet=False)
    with ExitStack() as stack:
        stack.enter_context(lock.hold(instance.directory))
        stack.callback(instance.delete)
        instance.delete()
        instance.start_servers()
        instance.start_applications()
        environment = instance.environment
        users = stack.enter_context(users_database(environment))
        posts, inboxes = Posts(environment["FEEDS_DB_URI"]), Inboxes(environment["NOTIFICATIONS_DB_URI"])
        stack.callback(posts.close)
        stack.callback(inboxes.close)
        yield Platform(instance, Target.parse(environment["BARAZA_URL"]), users, posts, inboxes)
