"""The chassis with a sample service, real brokers and databases, and wires that can be cut."""

from collections.abc import Callable, Iterator
from typing import Any

import eventlet
import pytest
from nameko.runners import ServiceRunner

from chassis.amqp.envelope import Envelope
from chassis.amqp.publisher import BatchPublisher
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.db import outbox_relay
from chassis.ids import new_id
from tests.integration.chassis.brokers import Stranger, Wire
from tests.integration.chassis.kitchen import Guests, Kitchen, SQLite
from tests.integration.support.databases import Databases

PATIENCE = 15  # seconds

Start = Callable[..., ServiceRunner]
Until = Callable[[Callable[[], object]], None]
Tell = Callable[..., str]
Headers = Callable[..., dict[str, Any]]

ADA = Caller("gateway", user="id-of-ada", username="ada")


@pytest.fixture(autouse=True)
def clean(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Short waits, no memory of the test before, and guests whose tokens count."""
    settings["service_token_issuers"].append(Guests.name)
    settings["rpc"]["deadline"] = 1
    settings["retry"]["delays"] = [1, 1]
    monkeypatch.setattr(Kitchen, "runs", 0)
    monkeypatch.setattr(Kitchen, "callers", [])
    monkeypatch.setattr(Kitchen, "hold", None)
    monkeypatch.setattr(Guests, "heard", [])
    monkeypatch.setattr(Guests, "behave", lambda _self, _event: None)
    monkeypatch.setattr(outbox_relay, "SWEEP", 0.2)


@pytest.fixture
def stranger(settings: dict[str, Any]) -> Iterator[Stranger]:
    with Stranger(settings["AMQP_URI"]) as stranger:
        yield stranger


@pytest.fixture
def wire_to_broker(settings: dict[str, Any]) -> Iterator[Wire]:
    wire = Wire(settings["AMQP_URI"])
    yield wire
    wire.close()


@pytest.fixture
def relay_wire(wire_to_broker: Wire, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """The wire that outbox relays use, and nobody else."""
    monkeypatch.setattr(outbox_relay, "BatchPublisher", lambda _uri, *rest: BatchPublisher(wire_to_broker.uri, *rest))
    return wire_to_broker


@pytest.fixture
def start_behind(
    wire_to_broker: Wire, settings: dict[str, Any], databases: Databases, runner_factory: Callable[..., ServiceRunner]
) -> Iterator[Start]:
    """Start services whose every connection goes by `wire_to_broker`."""
    runners: list[ServiceRunner] = []

    def start_behind(*services: type) -> ServiceRunner:
        databases.empty_for(services)
        runners.append(runner_factory(settings | {"AMQP_URI": wire_to_broker.uri}, *services))
        runners[-1].start()
        return runners[-1]

    yield start_behind
    wire_to_broker.mend()
    with eventlet.Timeout(PATIENCE):
        for runner in runners:
            runner.kill()


@pytest.fixture
def tell(settings: dict[str, Any]) -> Iterator[Tell]:
    """Publish an event as the kitchen on SQLite does; returns its id."""
    publisher = BatchPublisher(settings["AMQP_URI"], settings["HEARTBEAT"], SQLite.name, keyring.from_config(settings))

    def tell(cups: object, event_id: str | None = None) -> str:
        event_id = event_id or new_id()
        envelope = Envelope(event_id, "tea_made", durable=True, payload={"cups": cups}, request_id="r-1")
        assert publisher.publish([envelope]) == {event_id}
        return event_id

    yield tell
    publisher.close()


@pytest.fixture
def headers(settings: dict[str, Any]) -> Headers:
    """The headers of a decent call to the kitchen on SQLite, and what a test adds to them."""

    def headers(**added: object) -> dict[str, Any]:
        found = {"auth_token": tokens.issue(ADA, SQLite.name, keyring.from_config(settings).signing)} | added
        return {"application_headers": {f"nameko.{name}": value for name, value in found.items()}}

    return headers
