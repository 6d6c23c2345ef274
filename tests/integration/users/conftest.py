"""Fixtures that register and log in users by RPC."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from chassis.auth.caller import Caller
from chassis.ids import new_id
from tests.integration.support.databases import Databases
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.logged_in import PASSWORD, LoggedInUser, LogIn, NewUser
from users import contract
from users.service import UsersService


@pytest.fixture
def users(start: Callable[..., Any], rpc: Rpc) -> Rpc:
    """Call the running service: `users("users.login", ...)`."""
    start(UsersService)
    return rpc


@pytest.fixture
def log_in(users: Rpc) -> LogIn:
    """Start a session: `log_in("ada")`."""

    def log_in(username: str, password: str = PASSWORD) -> LoggedInUser:
        session = users("users.login", username=username, password=password)
        identity = users("users.authenticate", token_hash=contract.token_hash(session["token"]))
        caller = Caller(
            "gateway",
            user=identity["user_id"],
            username=identity["username"],
            session=identity["session_id"],
            staff=identity["is_staff"],
        )
        return LoggedInUser(session["user"], session["token"], caller)

    return log_in


@pytest.fixture
def new_user(users: Rpc, log_in: LogIn) -> NewUser:
    """Register and log in: `new_user("ada", phone="+254711000001")`."""

    def new_user(username: str, **fields: Any) -> LoggedInUser:
        defaults = {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
        users("users.register", **defaults | fields)
        return log_in(username)

    return new_user


@pytest.fixture
def ada(new_user: NewUser) -> LoggedInUser:
    return new_user("ada")


@pytest.fixture
def database(users: Rpc, databases: Databases) -> Engine:  # noqa: ARG001 - the service starts first
    """Access the service's database directly."""
    return databases.engine("users")


@pytest.fixture
def operator() -> Caller:
    return OPERATOR


@pytest.fixture
def staff() -> Caller:
    return Caller("gateway", user=new_id(), username="boss", staff=True)


@pytest.fixture
def notifications() -> Caller:
    return Caller("notifications")


@pytest.fixture
def deliveries() -> Caller:
    return Caller("deliveries")
