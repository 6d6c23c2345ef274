"""Facts about Nameko 2 and RabbitMQ that decided the design of the chassis, shown with Nameko's own extensions."""

from collections.abc import Callable
from typing import ClassVar

import eventlet
import pytest
from nameko.events import event_handler
from nameko.rpc import RpcProxy, rpc
from nameko.runners import ServiceRunner
from nameko.standalone.events import event_dispatcher

from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.conftest import Settings, Until

EMPTY = b'{"args":[],"kwargs":{}}'
QUEUE = "evt-plain-{}--plain.on_{}"

Run = Callable[..., ServiceRunner]
Dispatch = Callable[[str], None]


class Plain:
    """A service without the chassis."""

    name = "plain"
    other = RpcProxy("other")
    handled: ClassVar[list[str]] = []

    @rpc
    def ping(self) -> None:
        """Reply."""

    @event_handler("plain", "lost")
    def on_lost(self, _body: object) -> None:
        """Fail."""
        Plain.handled.append("lost")
        raise KeyError

    @event_handler("plain", "requeued", requeue_on_error=True)
    def on_requeued(self, _body: object) -> None:
        """Fail 49 times."""
        Plain.handled.append("requeued")
        if len(Plain.handled) < 50:
            raise KeyError

    @event_handler("plain", "asks")
    def on_asks(self, _body: object) -> None:
        """Call a service that has a queue and is not running."""
        Plain.handled.append("called")
        self.other.ping()
        Plain.handled.append("returned")


class Other:
    """The service that Plain calls."""

    name = "other"

    @rpc
    def ping(self) -> None:
        """Reply."""


@pytest.fixture
def run(settings: Settings, runner_factory: Callable[..., ServiceRunner]) -> Run:
    Plain.handled.clear()

    def run(service: type = Plain) -> ServiceRunner:
        runner = runner_factory(settings, service)
        runner.start()
        return runner

    return run


@pytest.fixture
def dispatch(settings: Settings) -> Dispatch:
    return lambda event: event_dispatcher(settings)("plain", event, {})


def error_of(runner: ServiceRunner) -> BaseException | None:
    """Wait for the containers to end, and return the error that ended them."""
    try:
        with eventlet.Timeout(30):
            runner.wait()
    except Exception as error:  # noqa: BLE001 - any error
        return error
    return None


def test_namekos_handler_acks_and_loses_an_event_when_it_fails(
    run: Run, dispatch: Dispatch, raw_client: RawAmqpClient, until: Until
) -> None:
    run()
    dispatch("lost")
    until(lambda: Plain.handled == ["lost"])
    run()  # a second consumer receives nothing
    eventlet.sleep(0.1)
    assert Plain.handled == ["lost"]
    assert raw_client.depth(QUEUE.format("lost", "lost")) == 0


def test_requeue_on_error_redelivers_at_once_without_limit(run: Run, dispatch: Dispatch, until: Until) -> None:
    run()
    dispatch("requeued")
    with eventlet.Timeout(30):
        until(lambda: len(Plain.handled) == 50)


def test_event_published_before_its_queue_exists_is_dropped_silently(
    run: Run, dispatch: Dispatch, until: Until, raw_client: RawAmqpClient
) -> None:
    raw_client.bind_event("plain", "nothing")  # declares the exchange
    dispatch("lost")
    run()
    dispatch("requeued")
    until(lambda: len(Plain.handled) == 50)
    assert "lost" not in Plain.handled


def test_rpc_request_without_reply_to_ends_namekos_container(run: Run, raw_client: RawAmqpClient, until: Until) -> None:
    first = run()
    raw_client.publish("nameko-rpc", "plain.ping", EMPTY)
    assert isinstance(error_of(first), KeyError)
    until(lambda: raw_client.depth("rpc-plain") == 1)
    assert isinstance(error_of(run()), KeyError), "the broker redelivers it to the next container"


def test_malformed_call_stack_ends_namekos_container(run: Run, raw_client: RawAmqpClient) -> None:
    runner = run()
    raw_client.call("plain.ping", EMPTY, application_headers={"nameko.call_id_stack": [1]})
    assert isinstance(error_of(runner), TypeError)


def test_namekos_proxy_waits_forever_for_a_stopped_service(
    run: Run, dispatch: Dispatch, until: Until, raw_client: RawAmqpClient
) -> None:
    run(Other).kill()
    run()
    dispatch("asks")
    until(lambda: Plain.handled == ["called"])
    until(lambda: raw_client.depth("rpc-other") == 1)
    eventlet.sleep(0.5)
    assert Plain.handled == ["called"]
    run(Other)
    until(lambda: Plain.handled == ["called", "returned"])


def test_kombu_logs_undecodable_bodies_in_full(
    run: Run, raw_client: RawAmqpClient, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    run()
    raw_client.call("plain.ping", b'{"password": "hunter2"')
    until(lambda: "hunter2" in caplog.text)
