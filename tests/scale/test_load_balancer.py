"""HAProxy in front of two gateways."""

from dev.machine.waiting import until
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY
from dev.servers import haproxy
from tests.e2e.support.client import NewClient
from tests.e2e.support.frames import receive, receive_notification
from tests.e2e.support.metrics import metric_sum
from tests.e2e.support.responses import check_problem

LIMIT = 30  # seconds
RABBITMQ_START = 75  # seconds


def test_websockets_are_spread_over_both_gateways(platform: Instance, new_user: NewClient) -> None:
    websockets = [new_user().connect() for _ in range(10)]
    for websocket in websockets:
        receive(websocket)  # a websocket is counted after the response to its handshake
    gateways = platform.environment["BARAZA_GATEWAYS"].split()
    counts = [metric_sum({"BARAZA_GATEWAYS": gateway}, "baraza_websockets") for gateway in gateways]
    assert sum(counts) >= len(websockets)
    assert min(counts) >= len(websockets) // 4


def test_without_gateways_the_response_is_a_problem_document_until_one_returns(
    platform: Instance, new_user: NewClient
) -> None:
    user = new_user()
    platform.control.stop(GATEWAY)
    try:
        until(lambda: not haproxy.active_gateways(platform.directory), "HAProxy to find no gateway", LIMIT)
        assert check_problem(user.get("/users/all/"), 503)["code"] == "unavailable"
    finally:
        platform.control.start(GATEWAY)
    until(lambda: haproxy.active_gateways(platform.directory) == {1, 2}, "HAProxy to find both gateways", LIMIT)
    assert user.get("/users/all/").status_code == 200


def test_without_rabbitmq_cached_responses_are_served_and_websockets_stay_open(
    platform: Instance, new_user: NewClient
) -> None:
    reader, author = new_user(), new_user()
    websocket = reader.connect()
    assert receive(websocket)["type"] == "ready"
    page = reader.get("/all-posts/").json()
    platform.control.stop("rabbitmq")
    try:
        until(lambda: not haproxy.active_gateways(platform.directory), "HAProxy to find no gateway ready", LIMIT)
        assert reader.get("/all-posts/").json() == page
        assert "broker" in check_problem(author.post("/create-post/", {"text": "without RabbitMQ"}), 503)["detail"]
    finally:
        platform.control.start("rabbitmq")
    created = {"text": "with it"}
    until(lambda: author.post("/create-post/", created).status_code == 201, "posts to be accepted", RABBITMQ_START)
    assert receive_notification(websocket)["message"] == "with it"
