"""Facts about Nameko 2 and RabbitMQ that decided something in the chassis, shown on Nameko's own parts."""

from collections.abc import Callable
from typing import Any, ClassVar

import eventlet
import pytest
from nameko.events import event_handler
from nameko.rpc import RpcProxy, rpc
from nameko.runners import ServiceRunner
from nameko.standalone.events import event_dispatcher

from tests.integration.chassis.brokers import Stranger
from tests.integration.chassis.conftest import Until

NOTHING = b'{"args":[],"kwargs":{}}'
QUEUE = "evt-plain-{}--plain.on_{}"

Run = Callable[[], ServiceRunner]


class Plain:
    """A service of Nameko's own parts."""

    name = "plain"
    other = RpcProxy("other")
    seen: ClassVar[list[str]] = []

    @rpc
    def ping(self) -> None:
        """Answer."""

    @event_handler("plain", "lost")
    def on_lost(self, _body: object) -> None:
        """Fail."""
        Plain.seen.append("lost")
        raise KeyError

    @event_handler("plain", "requeued", requeue_on_error=True)
    def on_requeued(self, _body: object) -> None:
        """Fail, a few times at least."""
        Plain.seen.append("requeued")
        if len(Plain.seen) < 50:
            raise KeyError

    @event_handler("plain", "asks")
    def on_asks(self, _body: object) -> None:
        """Call a service that was declared and is down."""
        Plain.seen.append("asked")
        self.other.ping()
        Plain.seen.append("answered")


class Other:
    """To be stopped."""

    name = "other"

    @rpc
    def ping(self) -> None:
        """Answer."""


@pytest.fixture
def run(settings: dict[str, Any], runner_factory: Callable[..., ServiceRunner]) -> Callable[..., ServiceRunner]:
    Plain.seen.clear()

    def run(service: type = Plain) -> ServiceRunner:
        runner = runner_factory(settings, service)
        runner.start()
        return runner

    return run


@pytest.fixture
def dispatch(settings: dict[str, Any]) -> Callable[[str], None]:
    return lambda event: event_dispatcher(settings)("plain", event, {})


def test_namekos_handler_acks_a_message_that_it_failed_on_and_it_is_gone(
    run: Run, dispatch: Callable[[str], None], stranger: Stranger, until: Until
) -> None:
    run()
    dispatch("lost")
    until(lambda: Plain.seen == ["lost"])
    run()  # whoever else consumes finds nothing
    eventlet.sleep(0.1)
    assert Plain.seen == ["lost"]
    assert stranger.depth(QUEUE.format("lost", "lost")) == 0


def test_requeue_on_error_means_at_once_without_delay_or_limit(
    run: Run, dispatch: Callable[[str], None], until: Until
) -> None:
    run()
    dispatch("requeued")
    with eventlet.Timeout(3):
        until(lambda: len(Plain.seen) == 50)


def test_an_event_published_before_its_queue_exists_is_dropped_without_a_word(
    run: Run, dispatch: Callable[[str], None], until: Until, stranger: Stranger
) -> None:
    stranger.listen("plain", "nothing")  # the exchange is there
    dispatch("lost")
    run()
    dispatch("requeued")
    until(lambda: len(Plain.seen) == 50)
    assert "lost" not in Plain.seen


def death(runner: ServiceRunner) -> BaseException | None:
    """Return what a container died of."""
    try:
        with eventlet.Timeout(5):
            runner.wait()
    except Exception as error:  # noqa: BLE001 - whatever it was
        return error
    return None


def test_an_rpc_request_without_reply_to_kills_namekos_container(run: Run, stranger: Stranger) -> None:
    runner = run()
    stranger.publish("nameko-rpc", "plain.ping", NOTHING)
    assert isinstance(death(runner), KeyError)


def test_a_call_stack_that_is_no_list_of_texts_kills_namekos_container(run: Run, stranger: Stranger) -> None:
    runner = run()
    stranger.call("plain.ping", NOTHING, application_headers={"nameko.call_id_stack": [1]})
    assert isinstance(death(runner), TypeError)


def test_the_poison_is_there_for_the_next_replica_too(run: Run, stranger: Stranger, until: Until) -> None:
    death_of_first = run()
    stranger.publish("nameko-rpc", "plain.ping", NOTHING)
    assert death(death_of_first)
    until(lambda: stranger.depth("rpc-plain") == 1)
    assert isinstance(death(run()), KeyError)


def test_namekos_proxy_waits_for_ever_for_a_service_that_is_down_and_the_work_is_done_later(
    run: Callable[..., ServiceRunner], dispatch: Callable[[str], None], until: Until, stranger: Stranger
) -> None:
    run(Other).kill()
    run()
    dispatch("asks")
    until(lambda: Plain.seen == ["asked"])
    until(lambda: stranger.depth("rpc-other") == 1)
    eventlet.sleep(0.5)
    assert Plain.seen == ["asked"]
    run(Other)
    until(lambda: Plain.seen == ["asked", "answered"])


def test_kombu_writes_bodies_that_it_cannot_decode_to_the_log_in_full(
    run: Run, stranger: Stranger, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    run()
    stranger.call("plain.ping", b'{"password": "hunter2"')
    until(lambda: "hunter2" in caplog.text)
