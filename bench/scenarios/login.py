"""Logins, each of another user at another address, with the parameters of passwords that are in production."""

import asyncio
from collections.abc import Iterator

from bench.load.http import Client, Request
from bench.load.loops import closed_loop
from bench.measure.latency import Latency
from bench.measure.measurement import Measurement
from bench.measure.usage import Usage
from bench.platform import Platform
from bench.scenarios.posting import now
from chassis.ids import new_id

USERS = 300
CONCURRENCY = 16
PASSWORD = "the bench under the tree"  # noqa: S105 - of users that live for a minute


def login(platform: Platform) -> Iterator[Measurement]:
    """Log in, 16 at a time."""
    users = platform.new_users(USERS, hashed=_hash(platform))
    requests = [
        Request("POST", "/login/", "", {"username": name, "password": PASSWORD}, f"192.0.2.{number % 250}")
        for number, name in enumerate(users.usernames)
    ]
    with Usage(platform.instance.control) as usage:
        started = now()
        responses = asyncio.run(closed_loop(Client(platform.target), requests, CONCURRENCY))
        seconds = now() - started
    yield Measurement.of(
        usage,
        name="login, 16 at a time",
        unit="login",
        count=len(responses),
        seconds=seconds,
        errors=sum(not response.ok for response in responses),
        latency=Latency.of(response.seconds for response in responses),
    )


def _hash(platform: Platform) -> str:
    """Return the hash of the password, as users stores it."""
    name = f"bench_{new_id()[-8:]}"
    account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    asyncio.run(Client(platform.target).send(Request("POST", "/register/", "", account)))
    return platform.users.password_hash(name)
