"""How many calls of a service the client sends at a time."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import gevent
import pytest

from chassis.contract import Empty
from chassis.errors import Unavailable
from chassis.rpc import messages
from gateway.rpc.call_limit import FEWEST
from gateway.rpc.client import RpcClient

SETTINGS: dict[str, Any] = {
    "service_token_keys": f"k1:{'x' * 32}",
    "service_token_issuers": ["gateway"],
    "gateway": {"rpc": {"in_flight": 2, "hashing": 1, "wait": 0}},
}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Mock:
    sent = Mock()
    monkeypatch.setattr(messages, "send_request", sent)
    return sent


@pytest.fixture
def rpc(sent: Mock) -> Iterator[RpcClient]:
    """Return a client with two calls of `slow` under way."""
    rpc = RpcClient(SETTINGS)
    rpc.opened(Mock(events={"basic_return": set()}))
    calls = [gevent.spawn(rpc.call_as_gateway, "slow.work", Empty(), Empty) for _ in range(2)]
    gevent.sleep(0)
    assert sent.call_count == 2
    yield rpc
    gevent.killall(calls)


def test_call_above_the_limit_of_a_service_is_not_sent(rpc: RpcClient, sent: Mock) -> None:
    with pytest.raises(Unavailable, match="overloaded"):
        rpc.call_as_gateway("slow.rest", Empty(), Empty)
    assert sent.call_count == 2


def test_burst_of_logins_waits_in_the_gateway_and_takes_no_turns_of_other_calls(rpc: RpcClient, sent: Mock) -> None:
    calls = [gevent.spawn(rpc.call_as_gateway, f"users.{name}", Empty(), Empty) for name in ("login", "authenticate")]
    gevent.sleep(0)
    with pytest.raises(Unavailable, match="overloaded"):
        rpc.call_as_gateway("users.register", Empty(), Empty)
    assert [call.args[1] for call in sent.call_args_list[2:]] == ["users.login", "users.authenticate"]
    gevent.killall(calls)


def test_slow_identity_provider_takes_no_turns_of_other_calls(rpc: RpcClient, sent: Mock) -> None:
    names = ["begin_provider_sign_in", *["finish_provider_sign_in"] * (FEWEST - 1), "authenticate_all", "sessions"]
    calls = [gevent.spawn(rpc.call_as_gateway, f"users.{name}", Empty(), Empty) for name in names]
    gevent.sleep(0)
    assert [call.args[1] for call in sent.call_args_list[2:]] == [f"users.{name}" for name in names]
    with pytest.raises(Unavailable, match="overloaded"):
        rpc.call_as_gateway("users.finish_provider_sign_in", Empty(), Empty)
    gevent.killall(calls)


def test_service_that_does_not_answer_takes_no_turns_of_others(rpc: RpcClient, sent: Mock) -> None:
    call = gevent.spawn(rpc.call_as_gateway, "other.work", Empty(), Empty)
    gevent.sleep(0)
    assert sent.call_args.args[1] == "other.work"
    call.kill()
