"""Who may call what: every path of every row of the route table, with every kind of token."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
import requests
from sqlalchemy import URL, create_engine, text

from dev.platform.instance import Instance
from gateway.routing.route import Access, Route
from gateway.routing.table import ROUTES
from tests.e2e.support.operator import Operator
from tests.e2e.support.person import Person, problem
from users.contract import session_key, token_hash

ENDPOINTS = [(route, path) for route in ROUTES for path in route.paths]
BAD = ("none", "garbage", "expired", "revoked", "deactivated")


def expire(environment: dict[str, str], person: Person) -> None:
    """Let a session's time run out, as if it had been long: in the database, and in its copy in Redis."""
    hashed = token_hash(person.token or "")
    parts = {"database": "DB", "username": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    database: dict[str, Any] = {name: environment[f"POSTGRES_{part}"] for name, part in parts.items()}
    engine = create_engine(URL.create("postgresql+psycopg2", **database | {"port": int(database["port"])}))
    with engine.begin() as connection:
        statement = text("UPDATE sessions SET expires_at = now() WHERE token_hash = :hash")
        assert connection.execute(statement, {"hash": hashed}).rowcount == 1
    engine.dispose()
    with redis.Redis.from_url(environment["REDIS_URL"]) as client:
        client.delete(session_key(hashed))


@pytest.fixture(scope="module")
def visitors(platform: Instance) -> Iterator[dict[str, Person]]:
    """People with every kind of token."""
    found = {kind: Person(platform.environment["BARAZA_URL"]) for kind in (*BAD, "good", "staff")}
    for kind in ("expired", "revoked", "deactivated", "good", "staff"):
        found[kind].register()
        found[kind].login()
    found["garbage"].token = "g" * 43
    assert found["revoked"].post("/logout/").status_code == 204
    expire(platform.environment, found["expired"])
    with Operator(platform.environment) as operator:
        operator("users.set_active", username=found["deactivated"].name, is_active=False)
        operator("users.set_staff", username=found["staff"].name, is_staff=True)
    yield found
    for person in found.values():
        person.close()


def call(person: Person, route: Route, path: str, id_: str) -> requests.Response:
    """Call an endpoint with an empty body."""
    return person.ask(route.method, path.replace("<id>", id_), json={})


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize(("route", "path"), ENDPOINTS, ids=lambda value: value if isinstance(value, str) else "")
def test_without_a_valid_token_only_public_routes_work(
    visitors: dict[str, Person], route: Route, path: str, kind: str
) -> None:
    client = visitors[kind]
    reply = call(client, route, path, visitors["good"].id)
    if route.access is not Access.ANYONE:
        document = problem(reply, 401)
        assert document["code"] == ("unauthenticated" if kind == "none" else "invalid_token")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")
        return
    assert reply.status_code in {200, 404, 422}
    assert reply.headers["X-RateLimit-Limit"] == "100"


@pytest.mark.parametrize(("route", "path"), ENDPOINTS, ids=lambda value: value if isinstance(value, str) else "")
def test_with_a_valid_token_only_staff_routes_are_forbidden(
    visitors: dict[str, Person], route: Route, path: str
) -> None:
    if route.name == "logout":
        return  # it would end the session that the others need; test_identity.py has it
    reply = call(visitors["good"], route, path, visitors["good"].id)
    if route.access is Access.STAFF:
        assert problem(reply, 403)["code"] == "forbidden"
    else:
        assert reply.status_code not in {401, 403}
        assert reply.status_code < 500


def test_data_of_other_users_is_not_found(visitors: dict[str, Person]) -> None:
    owner, other = visitors["good"], visitors["staff"]
    sent = other.post("/send-notification/", {"user_id": owner.id, "message": "for you"}).json()["id"]
    session = owner.get("/sessions/").json()["items"][0]["id"]
    visitor = Person(owner.url)
    visitor.register()
    visitor.login()
    for method, path in (("GET", f"/notifications/detail/{sent}/"), ("DELETE", f"/sessions/{session}/")):
        problem(visitor.ask(method, path), 404)
    assert owner.get(f"/notifications/detail/{sent}/").status_code == 200
    profile: dict[str, Any] = visitor.get(f"/users/detail/{owner.id}/").json()
    assert "email" not in profile
    assert "phone" not in profile
    visitor.close()
