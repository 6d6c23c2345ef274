"""Messages to event handlers that are malformed or forged, as any client of the broker can publish them."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from chassis.amqp.confirms import ConfirmTracker
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.auth.keys import generate
from chassis.ids import new_id
from tests.integration.chassis.conftest import PublishEvent, Start
from tests.integration.chassis.raw_amqp import RawAmqpClient
from tests.integration.chassis.sample_service import SampleInvoices, fail
from tests.integration.conftest import Settings, Until
from tests.unit.chassis.auth.forged_tokens import FORGED, NOT_VALID_YET, VALID, Forge, valid_claims

QUEUE = "evt-orders-order_placed--invoices.on_order_placed"
PARKED = f"parked.{QUEUE}"
DELAY = 30  # seconds until a retry
BODY = b'{"order_id":"01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21","item":"tea","quantity":1}'

PublishForged = Callable[..., None]
Rejecting = Callable[[str], AbstractContextManager[list[int]]]


@pytest.fixture
def publish_forged(raw_client: RawAmqpClient, settings: Settings) -> PublishForged:
    """Publish an OrderPlaced as any client of the broker can; each part may be wrong."""
    ring = keyring.from_config(settings)

    def publish_forged(body: bytes = BODY, issuer: str = "orders", forge: Forge | None = None, **wrong: Any) -> None:
        event_id = new_id()
        token = tokens.issue(Caller(issuer), "events", ring.signing(issuer), subject=wrong.pop("subject", event_id))
        if forge is not None:
            token = forge(ring.signing("orders"), valid_claims("events", jti=event_id))
        headers = {"nameko.auth_token": token} | wrong.pop("headers", {})
        properties = {"message_id": event_id, "application_headers": headers} | wrong
        raw_client.publish("orders.events", "order_placed", body, **properties)

    return publish_forged


@pytest.fixture
def rejecting(rabbit_manager: Any, rabbit_config: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Rejecting:
    """Make the broker reject messages for queues whose names match a pattern; the list grows with each rejection."""
    rejected: list[int] = []
    on_nack = ConfirmTracker._on_nack  # noqa: SLF001 - a rejection has no other effect

    def record(tracker: ConfirmTracker, tag: int, multiple: bool) -> None:  # noqa: FBT001 - amqp's signature
        rejected.append(tag)
        on_nack(tracker, tag, multiple)

    monkeypatch.setattr(ConfirmTracker, "_on_nack", record)

    @contextmanager
    def rejecting(pattern: str) -> Iterator[list[int]]:
        policy = ("policies", rabbit_config["vhost"], "full")
        definition = {"max-length": 0, "overflow": "reject-publish"}
        full = {"pattern": pattern, "apply-to": "queues", "definition": definition}
        rabbit_manager._put(*policy, json=full)  # noqa: SLF001 - Nameko's client has no method for policies
        yield rejected
        rabbit_manager._delete(*policy)  # noqa: SLF001

    return rejecting


def test_event_with_a_valid_token_is_handled(start: Start, publish_forged: PublishForged, until: Until) -> None:
    start(SampleInvoices)
    publish_forged(forge=VALID)
    until(lambda: SampleInvoices.received == [1])


def test_event_of_a_key_that_is_in_no_file_yet_is_handled_once_it_is_there(
    start: Start,
    publish_forged: PublishForged,
    settings: Settings,
    raw_client: RawAmqpClient,
    tmp_path: Path,
    until: Until,
) -> None:
    new, file = generate("orders/k2"), tmp_path / "keys"
    file.write_text("# none yet")
    settings["service_token_keys"] += f",@{file}"
    settings["retry"]["delays"] = [1] * 10
    start(SampleInvoices)
    publish_forged(forge=lambda _, claims: new.sign(claims))
    until(lambda: raw_client.depth(f"retry.1.{QUEUE}") == 1)
    file.write_text(str(new.public_half()))
    until(lambda: SampleInvoices.received == [1])
    assert raw_client.depth(PARKED) == 0


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        *[({"forge": forge}, "bad_service_token") for forge in FORGED.values()],
        ({"body": b"not json"}, "malformed_event"),
        ({"body": b"\xff\xfe\x00"}, "malformed_event"),
        ({"body": b"[" * 100_000}, "malformed_event"),
        ({"body": b"null"}, "malformed_event"),
        ({"body": b"{}"}, "invalid"),
        ({"body": BODY.replace(b"1}", b'"one"}')}, "invalid"),
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
    ids=[*FORGED, *range(15)],
)
def test_invalid_event_is_parked_at_once_and_the_next_event_is_handled(
    start: Start,
    publish_forged: PublishForged,
    publish_event: PublishEvent,
    until: Until,
    raw_client: RawAmqpClient,
    wrong: dict[str, Any],
    error: str,
) -> None:
    start(SampleInvoices)
    publish_forged(**wrong)
    parked = raw_client.get(PARKED)
    body = parked.body.encode() if isinstance(parked.body, str) else parked.body
    assert body == wrong.get("body", BODY)
    assert parked.properties["application_headers"]["baraza.error"] == error
    publish_event(2)
    until(lambda: SampleInvoices.received == [2])


def test_event_is_parked_as_soon_as_the_broker_stops_rejecting_it(
    start: Start, publish_forged: PublishForged, raw_client: RawAmqpClient, rejecting: Rejecting, until: Until
) -> None:
    with rejecting("^parked") as rejected:
        start(SampleInvoices)
        publish_forged(body=b"null")
        until(lambda: len(rejected) > 1)
    assert raw_client.get(PARKED).body == "null"


@pytest.mark.parametrize("forge", NOT_VALID_YET.values(), ids=NOT_VALID_YET)
def test_event_whose_token_is_not_valid_yet_is_retried_before_it_is_parked(
    start: Start, publish_forged: PublishForged, raw_client: RawAmqpClient, forge: Forge
) -> None:
    start(SampleInvoices)
    publish_forged(forge=forge)
    headers = raw_client.get(PARKED).properties["application_headers"]
    assert (headers["baraza.attempt"], headers["baraza.error"]) == (3, "bad_service_token")
    assert SampleInvoices.received == []


def test_event_from_the_future_is_handled_when_its_time_has_come(
    start: Start, publish_forged: PublishForged, settings: Settings, until: Until
) -> None:
    settings["clock_skew"] = 0
    start(SampleInvoices)
    publish_forged(forge=lambda key, claims: VALID(key, claims | {"iat": int(time.time()) + 2}))
    until(lambda: SampleInvoices.received == [1])


def test_event_of_a_source_whose_clock_is_eight_seconds_ahead_is_handled_at_once(
    start: Start, publish_forged: PublishForged, until: Until, settings: Settings
) -> None:
    settings["retry"]["delays"] = [DELAY]
    start(SampleInvoices)
    started = time.monotonic()
    publish_forged(forge=lambda key, claims: VALID(key, claims | {"iat": int(time.time()) + 8}))
    until(lambda: SampleInvoices.received == [1])
    assert time.monotonic() - started < DELAY, "without a retry"


@pytest.mark.parametrize("attempt", [2**63 - 1, -1, "many", None, True, [1]], ids=range(6))
def test_forged_attempt_header_is_limited_and_other_headers_are_dropped(
    start: Start, publish_forged: PublishForged, raw_client: RawAmqpClient, settings: Settings, attempt: object
) -> None:
    settings["retry"]["delays"] = []
    SampleInvoices.handle = fail
    start(SampleInvoices)
    publish_forged(headers={"baraza.attempt": attempt, "x-death": [{"count": 1}], "other": "x"})
    headers = raw_client.get(PARKED).properties["application_headers"]
    assert headers["baraza.attempt"] in {1, 2, 1001}
    assert not {"x-death", "other"} & headers.keys()
