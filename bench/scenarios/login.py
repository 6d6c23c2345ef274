"""Logins, each of another user at another address, with the parameters of passwords that are in production."""

import asyncio
import json
from collections.abc import Iterator, Mapping

from bench.load.http import Client, Request, Response
from bench.load.loops import closed_loop
from bench.measure.latency import Latency
from bench.measure.measurement import Measurement
from bench.measure.stalls import stalls
from bench.measure.usage import Usage
from bench.platform import Platform
from bench.scenarios.posting import now
from chassis.ids import new_id

USERS = 300
CONCURRENCY = 16
SERVICE = "users.service"  # the process that hashes passwords
PASSWORD = "the bench under the tree"  # noqa: S105 - of users that live for a minute


def login(platform: Platform) -> Iterator[Measurement]:
    """Log in, 16 at a time, all users on the device of their first login: a new device would be a mail, too."""
    users = platform.new_users(USERS, hashed=_hash(platform))
    platform.users.end_sessions()  # so that the next login of each user is the first
    first = _log_in(platform, dict.fromkeys(users.usernames))
    accounts = [json.loads(response.body) for response in first if response.ok]
    devices = {account["user"]["username"]: account.get("device_token") for account in accounts}  # 0.1.0 has none
    with Usage(platform.instance.control) as usage, stalls(platform.metrics_port(SERVICE)) as figures:
        started = now()
        responses = _log_in(platform, devices)
        seconds = now() - started
    yield Measurement.of(
        usage,
        name="login, 16 at a time",
        unit="login",
        count=len(responses),
        seconds=seconds,
        errors=sum(not response.ok for response in responses),
        latency=Latency.of(response.seconds for response in responses),
        figures=figures,
    )


def _log_in(platform: Platform, devices: Mapping[str, str | None]) -> list[Response]:
    """Log in each of these users, with the token of the device if there is one."""
    requests = [
        Request("POST", "/login/", "", _account(name, token), f"192.0.2.{number % 250}")
        for number, (name, token) in enumerate(devices.items())
    ]
    return asyncio.run(closed_loop(Client(platform.target), requests, CONCURRENCY))


def _account(name: str, device_token: str | None) -> dict[str, str]:
    account = {"username": name, "password": PASSWORD}
    return account | {"device_token": device_token} if device_token else account


def _hash(platform: Platform) -> str:
    """Return the hash of the password, as users stores it."""
    name = f"bench_{new_id()[-8:]}"
    account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    asyncio.run(Client(platform.target).send(Request("POST", "/register/", "", account)))
    return platform.users.password_hash(name)
