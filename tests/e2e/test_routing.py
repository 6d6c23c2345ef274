"""Operators change routes, and every web process follows within 5 seconds."""

from collections.abc import Callable, Iterator

import pytest

from docker.dev.waiting import until
from tests.e2e.support.operator import Operator
from tests.e2e.support.person import Person

Make = Callable[..., Person]
FOLLOWED = 5  # seconds
PROCESSES = 30  # connections of their own, so that both processes are met


@pytest.fixture(autouse=True)
def as_before(operator: Operator) -> Iterator[None]:
    yield
    operator("gateway.reset_route", name="user-detail")


def statuses(person: Person) -> set[int]:
    """Ask over connections of their own, which gunicorn's processes share among them."""
    path = f"/users/detail/{person.id}/"
    return {person.get(path, headers={"Connection": "close"}).status_code for _ in range(PROCESSES)}


def test_a_route_is_switched_off_and_on_in_all_web_processes(newcomer: Make, operator: Operator) -> None:
    person = newcomer()
    assert statuses(person) == {200}
    operator("gateway.set_route", name="user-detail", enabled=False)
    until(lambda: statuses(person) == {503}, "the route to be off everywhere", FOLLOWED)
    reply = person.get(f"/users/detail/{person.id}/")
    assert reply.json()["code"] == "route_disabled"
    assert "Retry-After" in reply.headers
    assert person.get("/users/all/").status_code == 200
    operator("gateway.set_route", name="user-detail", enabled=None)
    until(lambda: statuses(person) == {200}, "the route to be on everywhere", FOLLOWED)
