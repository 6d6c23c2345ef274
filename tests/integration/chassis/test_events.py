import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar

import eventlet
import pytest
from nameko.runners import ServiceRunner

from chassis.amqp.consumer import Confirming
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.errors import Conflict
from chassis.events.handler import event_handler
from chassis.ids import new_id
from chassis.service import Service
from tests.integration.chassis.brokers import Stranger, Wire
from tests.integration.chassis.conftest import Tell, Until
from tests.integration.chassis.forgery import FORGERIES, NOTHING_WRONG, Forgery, claims
from tests.integration.chassis.kitchen import Guests, SQLite, TeaMade
from tests.integration.support.databases import Databases
from tests.integration.support.rpc import Rpc

QUEUE = "evt-feeds-tea_made--guests.on_tea_made"
PARKED = f"parked.{QUEUE}"

Start = Callable[..., ServiceRunner]
Forge = Callable[..., None]
Refusing = Callable[[str], AbstractContextManager[list[int]]]


@pytest.fixture
def forge(stranger: Stranger, settings: dict[str, Any]) -> Forge:
    """Publish an event as somebody else would; all parts can be wrong."""
    key = keyring.from_config(settings).signing

    def forge(body: bytes = b'{"cups":1}', issuer: str = "feeds", forgery: Forgery | None = None, **wrong: Any) -> None:
        event_id = new_id()
        token = tokens.issue(Caller(issuer), "events", key, subject=wrong.pop("subject", event_id))
        if forgery is not None:
            token = forgery(key, claims("events", jti=event_id))
        headers = {"nameko.auth_token": token} | wrong.pop("headers", {})
        properties = {"message_id": event_id, "application_headers": headers} | wrong
        stranger.publish("feeds.events", "tea_made", body, **properties)

    return forge


@pytest.fixture
def refusing(
    rabbit_manager: Any, rabbit_config: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], AbstractContextManager[list[int]]]:
    """Let the broker refuse what is for queues of a pattern for a while; the answer grows with each refusal."""
    refusals: list[int] = []
    hear = Confirming._on_nack  # noqa: SLF001 - a refusal leaves no other trace

    def note(confirming: Confirming, tag: int, multiple: bool) -> None:  # noqa: FBT001 - amqp calls it so
        refusals.append(tag)
        hear(confirming, tag, multiple)

    monkeypatch.setattr(Confirming, "_on_nack", note)

    @contextmanager
    def refusing(pattern: str) -> Iterator[list[int]]:
        policy = ("policies", rabbit_config["vhost"], "full")
        definition = {"max-length": 0, "overflow": "reject-publish"}
        full = {"pattern": pattern, "apply-to": "queues", "definition": definition}
        rabbit_manager._put(*policy, json=full)  # noqa: SLF001 - Nameko's client knows no policies
        yield refusals
        rabbit_manager._delete(*policy)  # noqa: SLF001

    return refusing


def failing(times: int) -> Callable[[Guests, TeaMade], None]:
    def behave(_guests: Guests, _event: TeaMade) -> None:
        if len(Guests.heard) <= times:
            raise Conflict("The guests are asleep.", "asleep")

    return behave


def test_an_event_is_handled(start: Start, tell: Tell, until: Until, stranger: Stranger) -> None:
    start(Guests)
    tell(1)
    until(lambda: Guests.heard == [1])
    assert stranger.depth(QUEUE) == 0


def test_a_handler_that_fails_is_asked_again_after_each_delay(start: Start, tell: Tell, until: Until) -> None:
    moments: list[float] = []

    def behave(guests: Guests, event: TeaMade) -> None:
        moments.append(time.monotonic())
        failing(2)(guests, event)

    Guests.behave = behave
    start(Guests)
    tell(1)
    until(lambda: len(moments) == 3)
    pauses = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert all(0.9 < pause < 2 for pause in pauses)
    assert Guests.heard == [1, 1, 1]


def test_after_the_last_attempt_an_event_is_parked_and_says_why(
    start: Start, tell: Tell, stranger: Stranger, settings: dict[str, Any]
) -> None:
    settings["retry"]["delays"] = [1]
    Guests.behave = failing(99)
    start(Guests)
    event_id = tell(1)
    parked = stranger.get(PARKED)
    headers = parked.properties["application_headers"]
    assert json.loads(parked.body) == {"cups": 1}
    assert (headers["baraza.attempt"], headers["baraza.error"]) == (2, "asleep")
    assert parked.properties["message_id"] == event_id
    assert parked.properties["delivery_mode"] == 2
    assert headers["nameko.request_id"] == "r-1"
    assert Guests.heard == [1, 1]
    assert stranger.depth(QUEUE) == stranger.depth(f"retry.1.{QUEUE}") == 0


def test_a_parked_event_can_be_put_back_and_is_handled(
    start: Start, tell: Tell, stranger: Stranger, settings: dict[str, Any], until: Until
) -> None:
    settings["retry"]["delays"] = []
    Guests.behave = failing(1)
    start(Guests)
    tell(1)
    parked = stranger.get(PARKED)
    stranger.publish("", QUEUE, parked.body, **parked.properties)
    until(lambda: Guests.heard == [1, 1])


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"body": b"not json"}, "malformed_event"),
        ({"body": b"\xff\xfe\x00"}, "malformed_event"),
        ({"body": b"[" * 100_000}, "malformed_event"),
        ({"body": b"null"}, "malformed_event"),
        ({"body": b"{}"}, "invalid"),
        ({"body": b'{"cups":"one"}'}, "invalid"),
        ({"content_type": "application/x-python-serialize", "content_encoding": "binary"}, "malformed_event"),
        ({"headers": {"nameko.auth_token": None}}, "bad_service_token"),
        ({"headers": {"nameko.auth_token": "garbage"}}, "bad_service_token"),
        ({"headers": {"nameko.auth_token": "W1tb" * 1000 + ".e30.x"}}, "bad_service_token"),
        ({"headers": {"nameko.auth_token": "\ud800"}}, "bad_service_token"),
        ({"subject": "another event"}, "bad_service_token"),
        ({"message_id": None}, "bad_service_token"),
        ({"message_id": "\ud800"}, "bad_service_token"),
        ({"issuer": "users"}, "forbidden"),
    ],
    ids=range(15),
)
def test_what_can_never_be_handled_is_parked_at_once_and_the_next_one_is_handled(  # noqa: PLR0913, PLR0917
    start: Start, forge: Forge, tell: Tell, until: Until, stranger: Stranger, wrong: dict[str, Any], error: str
) -> None:
    start(Guests)
    forge(**wrong)
    parked = stranger.get(PARKED)
    body = parked.body.encode() if isinstance(parked.body, str) else parked.body
    assert body == wrong.get("body", b'{"cups":1}')
    assert parked.properties["application_headers"]["baraza.error"] == error
    tell(2)
    until(lambda: Guests.heard == [2])


def test_an_event_that_the_broker_refuses_to_park_is_parked_as_soon_as_it_is_taken(
    start: Start, forge: Forge, stranger: Stranger, refusing: Refusing, until: Until
) -> None:
    with refusing("^parked") as refusals:
        start(Guests)
        forge(body=b"null")
        until(lambda: len(refusals) > 1)
    assert stranger.get(PARKED).body == "null"


def test_what_the_forgeries_are_made_of_is_good(start: Start, forge: Forge, until: Until) -> None:
    start(Guests)
    forge(forgery=NOTHING_WRONG)
    until(lambda: Guests.heard == [1])


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES)
def test_an_event_with_a_forged_token_is_parked_at_once_and_the_next_one_is_handled(  # noqa: PLR0913, PLR0917
    start: Start, forge: Forge, tell: Tell, until: Until, stranger: Stranger, forgery: Forgery
) -> None:
    start(Guests)
    forge(forgery=forgery)
    assert stranger.get(PARKED).properties["application_headers"]["baraza.error"] == "bad_service_token"
    tell(2)
    until(lambda: Guests.heard == [2])


@pytest.mark.parametrize("attempt", [2**63 - 1, -1, "many", None, True, [1]], ids=range(6))
def test_an_attempt_header_that_anybody_wrote_does_no_harm(
    start: Start, forge: Forge, stranger: Stranger, settings: dict[str, Any], attempt: object
) -> None:
    settings["retry"]["delays"] = []
    Guests.behave = failing(99)
    start(Guests)
    forge(headers={"baraza.attempt": attempt, "x-death": [{"count": 1}], "other": "x"})
    headers = stranger.get(PARKED).properties["application_headers"]
    assert headers["baraza.attempt"] in {1, 2, 1001}
    assert not {"x-death", "other"} & headers.keys()


def test_an_event_is_handled_once_per_service_whatever_the_number_of_replicas(  # noqa: PLR0913, PLR0917
    start: Start,
    runner_factory: Callable[..., ServiceRunner],
    settings: dict[str, Any],
    databases: Databases,
    tell: Tell,
    until: Until,
) -> None:
    assert databases
    start(Guests)
    runner_factory(settings, Guests).start()
    for cups in range(20):
        tell(cups)
    until(lambda: len(Guests.heard) >= 20)
    eventlet.sleep(0.1)
    assert sorted(Guests.heard) == list(range(20))


def test_an_event_whose_handler_lost_its_connection_comes_again(
    start_behind: Start, wire_to_broker: Wire, tell: Tell, until: Until, rpc: Rpc
) -> None:
    def behave(_guests: Guests, _event: TeaMade) -> None:
        if len(Guests.heard) == 1:
            wire_to_broker.drop()
            eventlet.sleep(0.1)

    Guests.behave = behave
    start_behind(Guests)
    tell(1)
    until(lambda: Guests.heard == [1, 1])
    rpc("guests.ping")


def test_an_event_that_cannot_be_moved_because_the_connection_died_comes_again(
    start_behind: Start, wire_to_broker: Wire, tell: Tell, until: Until, rpc: Rpc
) -> None:
    def behave(_guests: Guests, _event: TeaMade) -> None:
        if len(Guests.heard) == 1:
            wire_to_broker.drop()
            raise KeyError

    Guests.behave = behave
    start_behind(Guests)
    tell(1)
    until(lambda: Guests.heard == [1, 1])
    rpc("guests.ping")


def test_a_retry_queue_that_somebody_deleted_is_made_again(
    start: Start, tell: Tell, until: Until, stranger: Stranger
) -> None:
    Guests.behave = failing(2)
    start(Guests)
    tell(1)
    until(lambda: len(Guests.heard) == 2)
    until(lambda: stranger.depth(f"retry.1.{QUEUE}") == 1)
    stranger.delete(f"retry.1.{QUEUE}")
    Guests.heard.clear()
    tell(2)
    until(lambda: Guests.heard == [2, 2, 2])


def test_a_broker_that_does_not_confirm_holds_a_handler_for_seconds_only(  # noqa: PLR0913, PLR0917
    start_behind: Start,
    wire_to_broker: Wire,
    tell: Tell,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("chassis.consumer.CONFIRM_TIMEOUT", 0.5)

    def behave(_guests: Guests, _event: TeaMade) -> None:
        if len(Guests.heard) == 1:
            wire_to_broker.freeze()
            raise KeyError

    Guests.behave = behave
    start_behind(Guests)
    tell(1)
    until(lambda: "could not be moved" in caplog.text)
    wire_to_broker.thaw()
    until(lambda: len(Guests.heard) >= 2)


class Orderly(Service):
    """Takes the longer the earlier it is asked."""

    name = "orderly"
    heard: ClassVar[list[int]] = []

    @event_handler(SQLite.tea_made, in_order=True)
    def on_tea_made(self, event: TeaMade) -> None:
        eventlet.sleep(0.1 / event.cups)
        Orderly.heard.append(event.cups)


def test_a_handler_in_order_handles_events_one_after_the_other(start: Start, tell: Tell, until: Until) -> None:
    start(Orderly)
    for cups in range(1, 9):
        tell(cups)
    until(lambda: len(Orderly.heard) == 8)
    assert Orderly.heard == list(range(1, 9))
