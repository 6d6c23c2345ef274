"""RPC entrypoints: valid calls, rejected calls, malformed and malicious messages."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import eventlet
import pytest
from eventlet.event import Event as Signal
from nameko.exceptions import RemoteError

from chassis.auth import keyring
from chassis.auth.caller import Caller
from chassis.auth.keys import Key, generate
from chassis.errors import Invalid
from tests.integration.chassis.conftest import ADA, Headers, Start
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.chassis.sample_service import SampleInvoices, SampleOrders
from tests.integration.conftest import Settings, Until
from tests.integration.support.rpc import Rpc
from tests.unit.chassis.auth.forged_tokens import FORGED, NOT_VALID_YET, VALID, Forge, valid_claims

EMPTY = b'{"args":[],"kwargs":{}}'
ORDER = b'{"args":[],"kwargs":{"item":"tea","quantity":1}}'

PICKLE = {"content_type": "application/x-python-serialize", "content_encoding": "binary"}
MALFORMED = [b"not json", b"\xff\xfe", b"[" * 100_000, b"[]", b'"text"', b"null", b"{}"]
WRONG_ARGUMENTS = [b'{"args":[],"kwargs":[]}', b'{"args":[1],"kwargs":{}}', b'{"args":null,"kwargs":{}}']
BODIES = [(b"cos\nsystem\n(S'true'\ntR.", PICKLE), *((body, {}) for body in MALFORMED + WRONG_ARGUMENTS)]

OrderCount = Callable[[], int]

pytestmark = pytest.mark.usefixtures("running")


@pytest.fixture
def key_file(settings: Settings, tmp_path: Path) -> Path:
    """A file of further keys of the running service."""
    file = tmp_path / "keys"
    file.write_text("# none yet")
    settings["service_token_keys"] += f",@{file}"
    return file


@pytest.fixture
def running(start: Start, key_file: Path) -> Any:
    assert key_file.exists()
    return start(SampleOrders)


def reply_to(raw_client: RawAmqpClient) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(raw_client.reply().body)
    return body


def test_method_gets_the_verified_caller(rpc: Rpc) -> None:
    rpc("orders.record_caller", ADA)
    rpc("orders.record_caller", Caller("users"))
    assert SampleOrders.callers == [ADA, Caller("users")]


@pytest.mark.parametrize("token", [None, "garbage", "a.b.c", 7, ["t"], "t" * 10_000, "\ud800"])
def test_call_with_no_or_a_malformed_token_is_rejected_before_the_method_runs(
    raw_client: RawAmqpClient, headers: Headers, token: object
) -> None:
    raw_client.call("orders.record_caller", EMPTY, **headers(auth_token=token))
    assert reply_to(raw_client)["error"]["exc_type"] == "Unavailable"
    assert SampleOrders.callers == []


@pytest.mark.parametrize("forge", [*FORGED.values(), *NOT_VALID_YET.values()], ids=[*FORGED, *NOT_VALID_YET])
def test_call_with_a_forged_token_is_rejected_before_the_method_runs(
    raw_client: RawAmqpClient, headers: Headers, settings: Settings, forge: Forge
) -> None:
    key, claims = keyring.from_config(settings).signing("orders"), valid_claims("orders", exp=int(time.time()) + 60)
    raw_client.call("orders.record_caller", EMPTY, **headers(auth_token=forge(key, claims)))
    assert reply_to(raw_client)["error"]["exc_args"][1] == "bad_service_token"
    assert SampleOrders.callers == []
    raw_client.call("orders.record_caller", EMPTY, **headers(auth_token=VALID(key, claims)))
    assert reply_to(raw_client)["error"] is None


def test_call_with_a_new_key_is_accepted_as_soon_as_the_key_is_in_the_file(
    raw_client: RawAmqpClient, headers: Headers, key_file: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, claims = generate("shop/k2"), valid_claims("orders", exp=int(time.time()) + 60) | {"iss": "shop"}

    def error() -> Any:
        raw_client.call("orders.record_caller", EMPTY, **headers(auth_token=new.sign(claims)))
        return reply_to(raw_client)["error"]

    assert error()["exc_type"] == "Unavailable"
    monkeypatch.setattr(keyring, "RELOAD_INTERVAL", 3600)
    key_file.write_text(str(new.public_half()))
    until(lambda: error() is None)
    assert SampleOrders.callers == [Caller("shop")]


def test_stolen_key_acts_as_no_other_service_no_operator_and_no_user(
    raw_client: RawAmqpClient, headers: Headers, settings: Settings
) -> None:
    stolen = keyring.from_config(settings).signing("shop")
    claims = valid_claims("orders", exp=int(time.time()) + 60)
    for issuer in ("gateway", "users", "operator"):
        for key in (stolen, Key(f"{issuer}/k1", stolen.text)):
            token = key.sign(claims | {"iss": issuer})
            raw_client.call("orders.record_caller", EMPTY, **headers(auth_token=token))
            assert reply_to(raw_client)["error"]["exc_args"][1] == "bad_service_token"
    token = stolen.sign(claims | {"iss": "shop", "sub": ADA.user, "staff": True})
    raw_client.call("orders.record_caller", EMPTY, **headers(auth_token=token))
    assert reply_to(raw_client)["error"] is None
    assert SampleOrders.callers == [Caller("shop")]


def test_request_that_arrives_after_its_deadline_is_not_executed(raw_client: RawAmqpClient, headers: Headers) -> None:
    def call(sent_at: float) -> Any:
        sent = headers(sent_at=sent_at)
        raw_client.call("orders.record_caller", EMPTY, expiration="5000", **sent)
        return reply_to(raw_client)["error"]

    now = time.monotonic()
    assert call(now) is None
    assert call(now - 6)["exc_type"] == "DeadlineExceeded"
    assert call(now - 4) is None
    assert len(SampleOrders.callers) == 2


def test_times_in_calls_of_other_services_do_not_expire_requests(
    raw_client: RawAmqpClient, headers: Headers, settings: Settings
) -> None:
    claims = valid_claims("orders", exp=int(time.time()) + 60) | {"iss": "shop"}
    far_ahead = time.monotonic() + 3600
    for token in ("garbage", keyring.from_config(settings).signing("shop").sign(claims)):
        forged = headers(sent_at=far_ahead, auth_token=token)
        raw_client.call("orders.record_caller", EMPTY, expiration="5000", **forged)
        reply_to(raw_client)
    raw_client.call("orders.record_caller", EMPTY, expiration="5000", **headers(sent_at=time.monotonic()))
    assert reply_to(raw_client)["error"] is None


def test_first_request_of_a_process_is_not_executed_after_its_deadline(
    raw_client: RawAmqpClient, headers: Headers
) -> None:
    sent, late = headers(sent_at=time.monotonic() - 8), int(time.time()) - 8
    raw_client.call("orders.record_caller", EMPTY, expiration="5000", timestamp=late, **sent)
    assert reply_to(raw_client)["error"]["exc_type"] == "DeadlineExceeded"
    assert SampleOrders.callers == []


def test_service_cannot_reuse_the_token_of_a_call_for_another_service(
    start: Start, rpc: Rpc, raw_client: RawAmqpClient, headers: Headers
) -> None:
    start(SampleInvoices)
    calls = raw_client.bind("nameko-rpc", "orders.place")
    rpc("invoices.reorder", item="tea", quantity=1)
    token = raw_client.get(calls).properties["application_headers"]["nameko.auth_token"]
    for target, accepted in (("invoices.ping", False), ("orders.record_caller", True)):
        raw_client.call(target, EMPTY, **headers(auth_token=token))
        assert (reply_to(raw_client)["error"] is None) is accepted


def test_request_with_wrong_types_is_rejected_with_every_field(rpc: Rpc, order_count: OrderCount) -> None:
    with pytest.raises(Invalid) as error:
        rpc("orders.place", item=7, quantity="two")
    assert {field["field"] for field in error.value.errors} == {"item", "quantity"}
    assert order_count() == 0


@pytest.mark.parametrize(("target", "type_"), [("orders.crash", "KeyError"), ("orders.unencodable", "TypeError")])
def test_unexpected_error_reaches_the_caller_without_its_text(rpc: Rpc, target: str, type_: str) -> None:
    with pytest.raises(RemoteError) as error:
        rpc(target)
    assert error.value.exc_type == type_
    assert "secrets" not in str(error.value)
    rpc("orders.ping")


@pytest.mark.parametrize(("body", "properties"), BODIES, ids=range(len(BODIES)))
def test_malformed_body_is_rejected_and_the_service_survives(
    raw_client: RawAmqpClient, headers: Headers, rpc: Rpc, body: bytes, properties: dict[str, str]
) -> None:
    raw_client.call("orders.record_caller", body, **headers(), **properties)
    assert reply_to(raw_client)["error"]["exc_type"] == "Invalid"
    rpc("orders.ping")


@pytest.mark.parametrize("method", ["burn", "\ud800"])
def test_unknown_method_is_rejected_and_the_service_survives(
    raw_client: RawAmqpClient, headers: Headers, rpc: Rpc, method: str
) -> None:
    raw_client.call(f"orders.{method}", EMPTY, **headers())
    assert reply_to(raw_client)["error"]["exc_type"] == "MethodNotFound"
    rpc("orders.ping")


def test_undecodable_body_is_not_logged(
    raw_client: RawAmqpClient, headers: Headers, caplog: pytest.LogCaptureFixture
) -> None:
    raw_client.call("orders.record_caller", b'{"password": "hunter2"', **headers())
    reply_to(raw_client)
    assert "hunter2" not in caplog.text


def test_request_without_reply_to_is_discarded_and_the_service_survives(
    raw_client: RawAmqpClient, headers: Headers, rpc: Rpc
) -> None:
    raw_client.publish("nameko-rpc", "orders.record_caller", EMPTY, **headers())
    rpc("orders.ping")
    assert raw_client.depth("rpc-orders") == 0
    assert SampleOrders.callers == []


@pytest.mark.parametrize("stack", ["a.b.1", 7, [1], [None], {"a": 1}, [["a"]], ["\ud800"]], ids=range(7))
def test_malformed_call_stack_is_ignored(raw_client: RawAmqpClient, headers: Headers, rpc: Rpc, stack: object) -> None:
    raw_client.call("orders.record_caller", EMPTY, **headers(call_id_stack=stack))
    assert reply_to(raw_client)["error"] is None
    rpc("orders.ping")


def test_repeated_idempotency_key_runs_once_and_marks_the_reply_as_replayed(
    raw_client: RawAmqpClient, headers: Headers, order_count: OrderCount
) -> None:
    bodies = []
    for replayed in (None, True):
        raw_client.call("orders.place", ORDER, **headers(request_key="once"))
        reply = raw_client.reply()
        bodies.append(json.loads(reply.body))
        assert reply.properties.get("application_headers", {}).get("replayed") is replayed
    assert bodies[0] == bodies[1]
    assert bodies[0]["result"]["quantity"] == 1
    assert order_count() == 1


@pytest.mark.parametrize("key", ["k" * 241, "a\nb", 7])
def test_malformed_idempotency_key_is_rejected(
    raw_client: RawAmqpClient, headers: Headers, order_count: OrderCount, key: object
) -> None:
    raw_client.call("orders.place", ORDER, **headers(request_key=key))
    assert reply_to(raw_client)["error"]["exc_type"] == "Invalid"
    assert order_count() == 0


def test_reply_is_transient(raw_client: RawAmqpClient, headers: Headers) -> None:
    raw_client.call("orders.place", ORDER, **headers(), delivery_mode=2)
    assert raw_client.reply().properties["delivery_mode"] == 1


def test_running_call_is_finished_and_answered_when_the_service_stops(
    running: Any, rpc: Rpc, until: Until, order_count: OrderCount
) -> None:
    pause = SampleOrders.pause = Signal()
    call = eventlet.spawn(rpc, "orders.place", item="tea", quantity=3)
    until(lambda: order_count() == 1)
    stopping = eventlet.spawn(running.stop)
    eventlet.sleep(0.2)
    pause.send()
    assert call.wait()["quantity"] == 3
    stopping.wait()


def test_concurrent_calls_with_the_same_key_run_once(rpc: Rpc, order_count: OrderCount) -> None:
    calls = [eventlet.spawn(rpc, "orders.place", request_key="once", item="tea", quantity=2) for _ in range(5)]
    replies = [call.wait() for call in calls]
    assert replies == [replies[0]] * 5
    assert order_count() == 1
