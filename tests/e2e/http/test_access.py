"""Which access token each route accepts: every path of the route table, with every kind of token."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
import requests
from sqlalchemy import URL, create_engine, text

from chassis import clock
from chassis.auth import tokens
from chassis.auth.keys import parse
from chassis.ids import new_id
from dev.platform.instance import Instance
from gateway.routing.route import Access, Route
from gateway.routing.table import ROUTES
from tests.e2e.support.client import Client
from tests.e2e.support.operator import Operator
from tests.e2e.support.responses import check_problem
from users.contract import CachedIdentity, Identity, session_key, token_hash

ENDPOINTS = [(route, path) for route in ROUTES for path in route.paths]
INVALID = ("none", "garbage", "expired", "revoked", "deactivated")

each_endpoint = pytest.mark.parametrize(
    ("route", "path"), ENDPOINTS, ids=lambda value: value if isinstance(value, str) else ""
)


def expire_session(environment: dict[str, str], user: Client) -> None:
    """Let a session expire now: set its time in the database and remove it from the cache in Redis."""
    hashed = token_hash(user.token or "")
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
def clients(platform: Instance) -> Iterator[dict[str, Client]]:
    """Clients by kind of token."""
    clients = {kind: Client(platform.environment["BARAZA_URL"]) for kind in (*INVALID, "user", "staff")}
    for kind in ("expired", "revoked", "deactivated", "user", "staff"):
        clients[kind].register(notify_by=[])
        clients[kind].login()
    clients["garbage"].token = "g" * 43
    assert clients["revoked"].post("/logout/").status_code == 204
    expire_session(platform.environment, clients["expired"])
    with Operator(platform.environment) as operator:
        operator("users.set_active", username=clients["deactivated"].username, is_active=False)
        operator.make_staff(clients["staff"].username)
    yield clients
    for client in clients.values():
        client.logout_and_close()


def test_session_that_another_service_wrote_into_redis_is_not_accepted(
    platform: Instance, clients: dict[str, Client]
) -> None:
    client = Client(platform.environment["BARAZA_URL"])
    client.token = "f" * 43
    hashed, user = token_hash(client.token), clients["staff"].account["id"]
    later = clock.now() + timedelta(hours=1)
    staff = Identity(user_id=user, username="staff", session_id=new_id(), is_staff=True, expires_at=later)
    stolen = parse((platform.directory / "keys" / "feeds").read_text())[0]
    signed = tokens.sign_text(staff.model_dump_json(), "users", stolen, subject=hashed, lifetime=60)
    with redis.Redis.from_url(platform.environment["REDIS_URL"]) as connection:
        for value in (staff, CachedIdentity(**staff.model_dump(), signed=signed)):
            connection.set(session_key(hashed), value.model_dump_json(), ex=60)
            assert check_problem(client.get("/notifications/"), 401)["code"] == "invalid_token"


def call(client: Client, route: Route, path: str, id_: str) -> requests.Response:
    """Call an endpoint with an empty body."""
    return client.request(route.method, path.replace("<id>", id_), json={})


@pytest.mark.parametrize("kind", INVALID)
@each_endpoint
def test_without_a_valid_token_only_public_routes_work(
    clients: dict[str, Client], route: Route, path: str, kind: str
) -> None:
    response = call(clients[kind], route, path, clients["user"].id)
    if route.access in {Access.USER, Access.STAFF}:
        document = check_problem(response, 401)
        assert document["code"] == ("unauthenticated" if kind == "none" else "invalid_token")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        return
    assert response.status_code in {200, 404, 422}
    assert response.headers["X-RateLimit-Limit"] == "100"


@each_endpoint
def test_with_a_valid_token_only_staff_routes_are_forbidden(
    clients: dict[str, Client], route: Route, path: str
) -> None:
    if route.name == "logout":
        return  # it would end the session of the other tests; accounts/test_sessions.py tests it
    response = call(clients["user"], route, path, clients["user"].id)
    if route.access is Access.STAFF:
        assert check_problem(response, 403)["code"] == "forbidden"
    else:
        assert response.status_code not in {401, 403}
        assert response.status_code < 500
