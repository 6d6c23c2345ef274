"""Fixtures that register and log in users by RPC."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, case, delete, update

from chassis import clock
from chassis.auth.caller import Caller
from tests.integration.conftest import Settings
from tests.integration.support.databases import Databases
from tests.integration.support.rpc import Rpc
from tests.integration.users.logged_in import PASSWORD, LogIn, NewUser, User
from users import contract
from users.models import OneTimeCode
from users.models import User as Account
from users.service import UsersService


@pytest.fixture
def users(start: Callable[..., Any], rpc: Rpc) -> Rpc:
    """Call the running service: `users("users.login", ...)`."""
    start(UsersService)
    return rpc


@pytest.fixture
def log_in(users: Rpc) -> LogIn:
    """Start a session: `log_in("ada")`."""

    def log_in(username: str, password: str = PASSWORD) -> User:
        session = users("users.login", username=username, password=password)
        identity = users("users.authenticate", token_hash=contract.token_hash(session["token"]))
        caller = Caller(
            "gateway",
            user=identity["user_id"],
            username=identity["username"],
            session=identity["session_id"],
            staff=identity["is_staff"],
        )
        return User(session["user"], session["token"], caller)

    return log_in


@pytest.fixture
def optional(settings: Settings) -> None:
    """Let all addresses count as verified."""
    settings["users"]["verification"] = "off"


@pytest.fixture
def new_user(users: Rpc, log_in: LogIn, database: Engine) -> NewUser:
    """Register and log in: `new_user("ada", phone="+254711000001")`; `verified`: its addresses are."""

    def new_user(username: str, *, verified: bool = True, **fields: Any) -> User:
        defaults = {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
        account = users("users.register", **defaults | fields)
        if verified:
            verify(database, account["id"])
        return log_in(username)

    return new_user


def verify(database: Engine, user_id: str) -> None:
    """Let the addresses of an account count as verified, as if its owner had entered the codes."""
    phone_verified_at = case((Account.phone.is_not(None), clock.now()))
    with database.begin() as connection:
        change = update(Account).where(Account.id == user_id)
        connection.execute(change.values(email_verified_at=clock.now(), phone_verified_at=phone_verified_at))
        connection.execute(delete(OneTimeCode).where(OneTimeCode.account == user_id))


@pytest.fixture
def ada(new_user: NewUser) -> User:
    return new_user("ada")


@pytest.fixture
def database(users: Rpc, databases: Databases) -> Engine:  # noqa: ARG001 - the service starts first
    """Access the service's database directly."""
    return databases.engine("users")
