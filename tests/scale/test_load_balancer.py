"""What clients see of the load balancer: next to nothing."""

from collections.abc import Callable

import requests

from dev.machine.waiting import until
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY
from dev.servers import haproxy
from tests.e2e.support.person import Person, problem

TIMEOUT = 15  # seconds
LIMIT = 30  # seconds


def test_request_id_is_kept_or_created(url: str) -> None:
    headers = {"X-Request-ID": "my-request-id"}
    assert (
        requests.get(f"{url}/all-posts/", headers=headers, timeout=TIMEOUT).headers["X-Request-ID"] == "my-request-id"
    )
    assert len(requests.get(f"{url}/all-posts/", timeout=TIMEOUT).headers["X-Request-ID"]) >= 32


def test_both_gateways_serve_websockets(platform: Instance, new_user: Callable[..., Person]) -> None:
    sockets = [new_user().listen() for _ in range(10)]
    shares = [_open_at(gateway) for gateway in platform.environment["BARAZA_GATEWAYS"].split()]
    assert sum(shares) >= len(sockets)
    assert min(shares) >= len(sockets) // 4


def test_without_gateways_the_response_is_a_problem_document_until_one_returns(
    platform: Instance, new_user: Callable[..., Person]
) -> None:
    person = new_user()
    platform.control.stop(GATEWAY)
    try:
        until(lambda: not haproxy.active_gateways(platform.directory), "the load balancer to notice", LIMIT)
        assert problem(person.get("/users/all/"), 503)["code"] == "unavailable"
    finally:
        platform.control.start(GATEWAY)
    until(lambda: haproxy.active_gateways(platform.directory) == {1, 2}, "the gateways to be back", LIMIT)
    assert person.get("/users/all/").status_code == 200


def _open_at(gateway: str) -> int:
    text = requests.get(f"{gateway}/metrics", timeout=TIMEOUT).text
    lines = [line for line in text.splitlines() if line.startswith("baraza_websockets")]
    return int(sum(float(line.split()[-1]) for line in lines))
