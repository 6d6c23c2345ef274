"""People who register and sign in by real calls."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from chassis.auth.caller import Caller
from chassis.ids import new_id
from tests.integration.support.databases import Databases
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.people import PASSWORD, MakePerson, Person
from users import contract
from users.service import UsersService


@pytest.fixture
def users(start: Callable[..., Any], rpc: Rpc) -> Rpc:
    """Call the running service: `users("users.login", ...)`."""
    start(UsersService)
    return rpc


@pytest.fixture
def sign_in(users: Rpc) -> MakePerson:
    def sign_in(username: str, password: str = PASSWORD) -> Person:
        session = users("users.login", username=username, password=password)
        identity = users("users.authenticate", token_hash=contract.token_hash(session["token"]))
        caller = Caller(
            "gateway",
            user=identity["user_id"],
            username=identity["username"],
            session=identity["session_id"],
            staff=identity["is_staff"],
        )
        return Person(session["user"], session["token"], caller)

    return sign_in


@pytest.fixture
def person(users: Rpc, sign_in: MakePerson) -> MakePerson:
    """Register and sign in: `person("ada", phone="+254711000001")`."""

    def person(username: str, **fields: Any) -> Person:
        users(
            "users.register",
            **{"username": username, "email": f"{username}@example.org", "password": PASSWORD} | fields,
        )
        return sign_in(username)

    return person


@pytest.fixture
def database(users: Rpc, databases: Databases) -> Engine:  # noqa: ARG001 - the service starts first
    """The service's own database, to look behind its back."""
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
