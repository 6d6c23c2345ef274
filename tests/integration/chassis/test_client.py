import time
from collections.abc import Callable
from typing import Any

import eventlet
import pytest
from eventlet.event import Event as Signal
from nameko.testing.utils import get_extension

from chassis.auth.caller import Caller
from chassis.errors import Conflict, DeadlineExceeded, ServiceError, Unavailable
from chassis.rpc.client import ReplyListener
from tests.integration.chassis.brokers import Stranger, TcpProxy
from tests.integration.chassis.conftest import ADA, Tell, Until
from tests.integration.chassis.kitchen import Guests, Kitchen, Make, SQLite, Tea
from tests.integration.support.rpc import Rpc

Start = Callable[..., Any]


def waiting(runner: Any) -> dict[str, Any]:
    """Return the calls of the guests that still wait for a reply."""
    (guests,) = [container for container in runner.containers if container.service_name == "guests"]
    found: dict[str, Any] = get_extension(guests, ReplyListener)._reply_events  # noqa: SLF001 - what must not grow
    return found


def test_a_call_is_answered_with_the_contracts_reply(start: Start, rpc: Rpc) -> None:
    start(SQLite, Guests)
    assert rpc("guests.ask", ADA, cups=3) == {"cups": 3}


def test_the_user_stays_and_the_calling_service_changes(start: Start, rpc: Rpc) -> None:
    start(SQLite, Guests)
    rpc("guests.ask", ADA, cups=3)
    assert Kitchen.callers == [Caller("guests", user=ADA.user, username=ADA.username)]


def test_a_refusal_of_the_other_service_goes_through(start: Start, rpc: Rpc, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Conflict("No tea today.", "no_tea")

    start(SQLite, Guests)
    monkeypatch.setattr(SQLite, "_make", refuse)
    with pytest.raises(Conflict) as refused:
        rpc("guests.ask", cups=3)
    assert (refused.value.detail, refused.value.code) == ("No tea today.", "no_tea")


def test_a_service_that_does_not_answer_is_given_up_at_the_deadline(start: Start, rpc: Rpc) -> None:
    runner = start(SQLite, Guests)
    hold = Kitchen.hold = Signal()
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        rpc("guests.ask", cups=3)
    assert 0.9 < time.monotonic() - started < 2
    assert waiting(runner) == {}
    hold.send()
    Kitchen.hold = None
    assert rpc("guests.ask", cups=4) == {"cups": 4}, "the late reply fell on the floor"


def test_a_service_that_is_down_is_given_up_and_does_not_do_the_work_later(
    start: Start, rpc: Rpc, stranger: Stranger
) -> None:
    kitchen = start(SQLite)
    kitchen.kill()
    runner = start(Guests)
    with pytest.raises(DeadlineExceeded):
        rpc("guests.ask", cups=3)
    assert waiting(runner) == {}
    assert stranger.depth("rpc-feeds") == 0, "the request expired with its deadline"


def test_a_service_that_was_never_there_is_unavailable_at_once(start: Start, rpc: Rpc) -> None:
    runner = start(Guests)
    started = time.monotonic()
    with pytest.raises(Unavailable):
        rpc("guests.ask", cups=3)
    assert time.monotonic() - started < 0.5
    assert waiting(runner) == {}


def in_a_handler(guests: Guests) -> Exception | None:
    """Call the kitchen and return what was raised."""
    try:
        guests.rpc_client.call("feeds.make", Make(cups=1), Tea)
    except ServiceError as error:
        return error
    return None


def test_a_paused_broker_does_not_hold_a_call_beyond_its_deadline(
    start_behind: Start, wire_to_broker: TcpProxy, tell: Tell, until: Until
) -> None:
    found: list[tuple[Exception | None, float]] = []

    def behave(guests: Guests, _event: object) -> None:
        wire_to_broker.freeze()
        started = time.monotonic()
        found.append((in_a_handler(guests), time.monotonic() - started))
        wire_to_broker.thaw()

    Guests.behave = behave
    start_behind(SQLite, Guests)
    tell(1)
    until(lambda: found)
    assert isinstance(found[0][0], DeadlineExceeded)
    assert 0.9 < found[0][1] < 2


def test_a_broker_that_is_away_is_said_at_once(
    start_behind: Start, wire_to_broker: TcpProxy, tell: Tell, until: Until
) -> None:
    found: list[tuple[Exception | None, float]] = []

    def behave(guests: Guests, _event: object) -> None:
        if not found:
            wire_to_broker.cut()
            eventlet.sleep(0.1)
            started = time.monotonic()
            found.append((in_a_handler(guests), time.monotonic() - started))
            wire_to_broker.restore()

    Guests.behave = behave
    start_behind(SQLite, Guests)
    tell(1)
    until(lambda: found)
    assert isinstance(found[0][0], Unavailable)
    assert found[0][1] < 0.5
    until(lambda: Guests.heard == [1, 1])
