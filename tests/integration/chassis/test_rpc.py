import json
import time
from collections.abc import Callable
from typing import Any

import eventlet
import pytest
from eventlet.event import Event as Signal
from nameko.exceptions import MethodNotFound, RemoteError

from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.errors import Conflict, Invalid, Unauthenticated
from tests.integration.chassis.brokers import Stranger
from tests.integration.chassis.conftest import ADA, Headers, Until
from tests.integration.chassis.forgery import FORGERIES, NOTHING_WRONG, Forgery, claims
from tests.integration.chassis.kitchen import Guests, Kitchen, SQLite
from tests.integration.support.rpc import Rpc

NOTHING = b'{"args":[],"kwargs":{}}'
pytestmark = pytest.mark.usefixtures("running")

CUP = b'{"args":[],"kwargs":{"cups":1}}'


@pytest.fixture
def running(start: Callable[..., Any]) -> Any:
    return start(SQLite)


def answer(stranger: Stranger) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(stranger.reply().body)
    return body


def test_the_caller_comes_over_verified(rpc: Rpc) -> None:
    rpc("feeds.who", ADA)
    rpc("feeds.who", Caller("users"))
    assert Kitchen.callers == [ADA, Caller("users")]


def test_a_call_without_a_token_is_refused_before_the_method_runs(rpc: Rpc) -> None:
    with pytest.raises(Unauthenticated) as refused:
        rpc("feeds.who", None)
    assert refused.value.code == "bad_service_token"
    assert Kitchen.callers == []


@pytest.mark.parametrize("token", ["garbage", "a.b.c", 7, ["t"], "t" * 10_000, "\ud800"])
def test_a_call_with_a_garbage_token_is_refused_before_the_method_runs(
    stranger: Stranger, headers: Headers, token: object
) -> None:
    stranger.call("feeds.who", NOTHING, **headers(auth_token=token))
    assert answer(stranger)["error"]["exc_type"] == "Unauthenticated"
    assert Kitchen.callers == []


def test_what_the_forgeries_are_made_of_is_good(stranger: Stranger, headers: Headers, settings: dict[str, Any]) -> None:
    token = NOTHING_WRONG(keyring.from_config(settings).signing, claims("feeds", exp=int(time.time()) + 60))
    stranger.call("feeds.who", NOTHING, **headers(auth_token=token))
    assert answer(stranger)["error"] is None


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_a_call_with_a_forged_token_is_refused_before_the_method_runs(
    stranger: Stranger, headers: Headers, settings: dict[str, Any], forgery: Forgery
) -> None:
    token = forgery(keyring.from_config(settings).signing, claims("feeds", exp=int(time.time()) + 60))
    stranger.call("feeds.who", NOTHING, **headers(auth_token=token))
    assert answer(stranger)["error"]["exc_args"][1] == "bad_service_token"
    assert Kitchen.callers == []


def test_the_token_of_an_event_is_no_token_for_a_call(
    stranger: Stranger, headers: Headers, settings: dict[str, Any]
) -> None:
    token = tokens.issue(ADA, "events", keyring.from_config(settings).signing, subject="event-1")
    stranger.call("feeds.who", NOTHING, **headers(auth_token=token))
    assert answer(stranger)["error"]["exc_args"][1] == "bad_service_token"


def test_a_service_cannot_call_another_with_a_token_that_it_was_called_with(
    running: Any, start: Callable[..., Any], rpc: Rpc, stranger: Stranger, headers: Headers
) -> None:
    assert running
    start(Guests)
    heard = stranger.tap("nameko-rpc", "feeds.make")
    assert rpc("guests.ask", cups=1) == {"cups": 1}
    token = stranger.get(heard).properties["application_headers"]["nameko.auth_token"]
    for target, good in (("guests.ping", False), ("feeds.who", True)):
        stranger.call(target, NOTHING, **headers(auth_token=token))
        assert (answer(stranger)["error"] is None) is good


def test_a_service_describes_its_methods_to_every_verified_caller(rpc: Rpc) -> None:
    described = rpc("feeds.describe", Caller("users"))
    methods = {method.pop("name"): method for method in described["methods"]}
    assert described["service"] == "feeds"
    assert set(methods) == {"crash", "describe", "make", "many", "ping", "spill", "unencodable", "who"}
    fields = methods["make"].pop("fields")
    assert methods["make"] == {
        "about": "Write once per request key, and tell the guests; with `hold` set, wait for it before the answer.",
        "callers": "any service",
        "request": "Make",
        "reply": "Tea",
    }
    assert fields["required"] == ["cups"]
    assert fields["properties"]["cups"]["type"] == "integer"
    assert fields["properties"]["loudly"]["default"] is True
    with pytest.raises(Unauthenticated):
        rpc("feeds.describe", None)


def test_wrong_types_are_refused_and_every_field_named(rpc: Rpc) -> None:
    with pytest.raises(Invalid) as refused:
        rpc("feeds.make", cups="two", loudly="yes")
    assert {error["field"] for error in refused.value.errors} == {"cups", "loudly"}
    assert Kitchen.runs == 0


def test_an_unknown_method_is_refused(rpc: Rpc) -> None:
    with pytest.raises(MethodNotFound):
        rpc("feeds.burn")


def test_a_refusal_comes_back_as_itself(rpc: Rpc) -> None:
    with pytest.raises(Conflict, match="spilled"):
        rpc("feeds.spill", cups=1)


@pytest.mark.parametrize(("target", "type_"), [("feeds.crash", "KeyError"), ("feeds.unencodable", "TypeError")])
def test_what_nobody_foresaw_reaches_the_caller_without_its_text(rpc: Rpc, target: str, type_: str) -> None:
    with pytest.raises(RemoteError) as error:
        rpc(target)
    assert error.value.exc_type == type_
    assert "secrets" not in str(error.value)
    rpc("feeds.ping")


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b'"text"',
        b"null",
        b"{}",
        b'{"args":[],"kwargs":[]}',
        b'{"args":[1],"kwargs":{}}',
        b'{"args":null,"kwargs":{}}',
    ],
    ids=range(10),
)
def test_a_malformed_body_is_refused_and_the_service_lives(
    stranger: Stranger, headers: Headers, rpc: Rpc, body: bytes
) -> None:
    stranger.call("feeds.who", body, **headers())
    assert answer(stranger)["error"]["exc_type"] == "Invalid"
    rpc("feeds.ping")


def test_pickled_bodies_are_not_even_looked_at(stranger: Stranger, headers: Headers, rpc: Rpc) -> None:
    pickled = {"content_type": "application/x-python-serialize", "content_encoding": "binary"}
    stranger.call("feeds.who", b"cos\nsystem\n(S'true'\ntR.", **headers(), **pickled)
    assert answer(stranger)["error"]["exc_type"] == "Invalid"
    rpc("feeds.ping")


def test_a_body_that_cannot_be_decoded_is_not_written_to_the_log(
    stranger: Stranger, headers: Headers, caplog: pytest.LogCaptureFixture
) -> None:
    stranger.call("feeds.who", b'{"password": "hunter2"', **headers())
    answer(stranger)
    assert "hunter2" not in caplog.text


def test_a_request_that_nobody_waits_for_is_thrown_away_and_the_service_lives(
    stranger: Stranger, headers: Headers, rpc: Rpc
) -> None:
    stranger.publish("nameko-rpc", "feeds.who", NOTHING, **headers())
    rpc("feeds.ping")
    assert stranger.depth("rpc-feeds") == 0
    assert Kitchen.callers == []


@pytest.mark.parametrize("stack", ["a.b.1", 7, [1], [None], {"a": 1}, [["a"]], ["\ud800"]], ids=range(7))
def test_a_poisonous_call_stack_does_not_kill(stranger: Stranger, headers: Headers, rpc: Rpc, stack: object) -> None:
    stranger.call("feeds.who", NOTHING, **headers(call_id_stack=stack))
    assert answer(stranger)["error"] is None
    rpc("feeds.ping")


def test_half_a_surrogate_pair_in_a_method_name_does_not_kill(stranger: Stranger, headers: Headers, rpc: Rpc) -> None:
    stranger.call("feeds.\ud800", NOTHING, **headers())
    assert answer(stranger)["error"]["exc_type"] == "MethodNotFound"
    rpc("feeds.ping")


def test_a_repeated_request_key_runs_once_and_says_so(stranger: Stranger, headers: Headers) -> None:
    for replayed in (None, True):
        stranger.call("feeds.make", CUP, **headers(request_key="once"))
        reply = stranger.reply()
        assert json.loads(reply.body) == {"result": {"cups": 1}, "error": None}
        assert reply.properties.get("application_headers", {}).get("replayed") is replayed
    assert Kitchen.runs == 1


def test_a_request_key_that_cannot_be_kept_is_refused(stranger: Stranger, headers: Headers) -> None:
    stranger.call("feeds.make", CUP, **headers(request_key="k" * 1000))
    assert answer(stranger)["error"]["exc_type"] == "Invalid"
    assert Kitchen.runs == 0


def test_replies_are_transient(stranger: Stranger, headers: Headers) -> None:
    stranger.call("feeds.make", CUP, **headers(), delivery_mode=2)
    assert stranger.reply().properties["delivery_mode"] == 1


def test_work_in_hand_is_finished_and_answered_at_the_end(running: Any, rpc: Rpc, until: Until) -> None:
    hold = Kitchen.hold = Signal()
    call = eventlet.spawn(rpc, "feeds.make", cups=3)
    until(lambda: Kitchen.runs == 1)
    end = eventlet.spawn(running.stop)
    eventlet.sleep(0.2)
    hold.send()
    assert call.wait() == {"cups": 3}
    end.wait()


def test_a_second_call_waits_for_the_first_with_the_same_key(rpc: Rpc) -> None:
    calls = [eventlet.spawn(rpc, "feeds.make", request_key="once", cups=2) for _ in range(5)]
    assert [call.wait() for call in calls] == [{"cups": 2}] * 5
    assert Kitchen.runs == 1
