"""The gateway's RPC client on a real broker: deadlines, bounds, lost connections."""

from collections.abc import Callable
from typing import Any

import gevent
import pytest
from gevent.event import Event
from nameko.exceptions import MethodNotFound

from chassis.contract import Empty, Message
from chassis.errors import DeadlineExceeded, ServiceError, Unauthenticated, Unavailable
from gateway.rpc.broker import Broker
from gateway.rpc.client import SELF, RpcClient
from tests.gateway.conftest import LIMIT, until
from tests.gateway.support.responder import Responder
from tests.integration.support.tcp_proxy import TcpProxy

Service = Callable[..., Responder]
AT_ONCE = 10  # seconds: far below any deadline here
DEADLINE = 30  # seconds


class Word(Message):
    word: str


def test_replies_in_any_order_reach_their_calls(rpc: RpcClient, service: Service) -> None:
    later = Event()

    def answer(arguments: dict[str, Any]) -> Any:
        if arguments["word"] == "first":
            later.wait(LIMIT)
        else:
            later.set()
        return arguments

    echo = service(answer)
    first = gevent.spawn(rpc.call_as_gateway, f"{echo.name}.echo", Word(word="first"), Word)
    until(lambda: echo.received == 1)
    assert rpc.call_as_gateway(f"{echo.name}.echo", Word(word="second"), Word) == Word(word="second")
    assert first.get(timeout=LIMIT).word == "first"


def test_call_fails_at_its_deadline_and_a_late_reply_is_dropped(rpc: RpcClient, service: Service) -> None:
    late = Event()

    def answer(arguments: dict[str, Any]) -> Any:
        if arguments["word"] == "late":
            late.wait(LIMIT)
        return arguments

    echo = service(answer)
    with gevent.Timeout(LIMIT), pytest.raises(DeadlineExceeded):
        rpc.call_as_gateway(f"{echo.name}.echo", Word(word="late"), Word, deadline=0.2)
    late.set()
    assert rpc.call_as_gateway(f"{echo.name}.echo", Word(word="next"), Word).word == "next"
    assert not rpc._waiting  # noqa: SLF001 - what would leak cannot be seen from outside


def test_call_to_a_missing_service_fails_at_once(rpc: RpcClient) -> None:
    with gevent.Timeout(AT_ONCE), pytest.raises(Unavailable, match="nowhere is not there"):
        rpc.call_as_gateway("nowhere.echo", Empty(), Empty, deadline=DEADLINE)


def test_method_that_a_service_does_not_have_yet_is_unavailable(rpc: RpcClient, service: Service) -> None:
    older = service(lambda _: MethodNotFound("echo"))
    with gevent.Timeout(LIMIT), pytest.raises(Unavailable, match="not available yet"):
        rpc.call_as_gateway(f"{older.name}.echo", Empty(), Empty, deadline=DEADLINE)


@pytest.mark.parametrize("kind", [Unavailable, Unauthenticated], ids=["of this release", "of 0.1.0"])
def test_rejected_service_token_is_unavailable_and_not_unauthenticated(
    rpc: RpcClient, service: Service, kind: type[ServiceError]
) -> None:
    strict = service(lambda _: kind("The call carries no valid service token.", "bad_service_token"))
    with gevent.Timeout(LIMIT), pytest.raises(Unavailable) as error:
        rpc.call_as_gateway(f"{strict.name}.echo", Empty(), Empty, deadline=DEADLINE)
    assert error.value.code == "unavailable"


@pytest.mark.parametrize(("wait", "ends_in_time"), [(LIMIT, True), (1, False)], ids=["a call ends", "no call ends"])
def test_call_above_the_limit_waits_for_another_to_end(
    rpc: RpcClient, service: Service, settings: dict[str, Any], *, ends_in_time: bool
) -> None:
    enough = Event()
    slow = service(lambda arguments: enough.wait(DEADLINE) and arguments)
    target = f"{slow.name}.echo"
    most = settings["gateway"]["rpc"]["in_flight"]
    calls = [gevent.spawn(rpc.call_as_gateway, target, Word(word=str(n)), Word, deadline=DEADLINE) for n in range(most)]
    until(lambda: slow.received == most)
    next_call = gevent.spawn(rpc.call_as_gateway, target, Word(word="next"), Word, deadline=DEADLINE)
    if ends_in_time:
        enough.set()
        assert next_call.get(timeout=LIMIT).word == "next"
    else:
        with pytest.raises(Unavailable, match="overloaded"):
            next_call.get(timeout=LIMIT)
        enough.set()
    assert [call.get(timeout=LIMIT).word for call in calls] == [str(n) for n in range(most)]


def test_pending_calls_end_with_an_unknown_outcome_when_the_connection_is_lost(
    rpc: RpcClient, service: Service, broker_proxy: TcpProxy, broker: Broker
) -> None:
    never = Event()
    slow = service(lambda arguments: arguments["word"] == "again" or never.wait(DEADLINE))
    calls = [
        gevent.spawn(rpc.call_as_gateway, f"{slow.name}.echo", Word(word="x"), Word, deadline=DEADLINE)
        for _ in range(5)
    ]
    until(lambda: slow.received == 5)
    broker_proxy.drop()
    gevent.joinall(calls, timeout=AT_ONCE)
    assert [type(call.exception) for call in calls] == [DeadlineExceeded] * 5
    assert broker.connected.wait(LIMIT)
    result, _ = rpc.call(f"{slow.name}.echo", Word(word="again"), caller=SELF, deadline=LIMIT)
    assert result is True
    never.set()


def test_call_without_connection_fails_at_once(settings: dict[str, Any]) -> None:
    with gevent.Timeout(AT_ONCE), pytest.raises(Unavailable, match="broker"):
        RpcClient(settings).call_as_gateway("users.ping", Empty(), Empty, deadline=DEADLINE)
