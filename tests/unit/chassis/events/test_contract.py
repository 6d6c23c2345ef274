"""Descriptions of parked messages, which any client of the broker may have written."""

from typing import Any

import pytest
from amqp import Message

from chassis.events import contract

ID = "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"
EMPTY: dict[str, Any] = {"event_id": None, "error": None, "attempts": 0, "request_id": None, "since": None, "ids": {}}


def describe(body: bytes | str = b"{}", **properties: Any) -> dict[str, Any]:
    return contract.describe(Message(body, **properties)).model_dump(mode="json")


def test_only_the_ids_of_a_payload_are_shown() -> None:
    body = f'{{"id":"{ID}","text":"private","author_id":"{ID}","count":3,"list":["{ID}"]}}'
    assert describe(body) == EMPTY | {"ids": {"id": ID, "author_id": ID}}


def test_error_attempts_and_request_id_are_read_from_the_headers() -> None:
    headers = {"baraza.error": "busy", "baraza.attempt": 6, "nameko.request_id": "r-1", "nameko.auth_token": "secret"}
    assert describe(message_id=ID, timestamp=1_764_000_000, application_headers=headers) == {
        "event_id": ID,
        "error": "busy",
        "attempts": 6,
        "request_id": "r-1",
        "since": "2025-11-24T16:00:00.000000Z",
        "ids": {},
    }


@pytest.mark.parametrize(
    "message",
    [
        *[{"body": body} for body in (b"", b"\xff", b"[" * 100_000, b"null", b'["id"]', '{"id":"\\ud800"}')],
        *[{"timestamp": timestamp} for timestamp in (2**63 - 1, -(2**62), "now", 1e300, None)],
        *[{"message_id": text} for text in ("\ud800", "\x1b[31m", 7, None, ["x"])],
        *[
            {"application_headers": {"baraza.error": value, "baraza.attempt": attempt, "nameko.request_id": value}}
            for value, attempt in (("\ud800", "many"), ("\x1b[31m", -7), (7, -7), (None, None), (["x"], ["x"]))
        ],
    ],
    ids=range(21),
)
def test_malformed_message_is_described_without_its_malformed_parts(message: dict[str, Any]) -> None:
    assert describe(**message) == EMPTY


def test_long_text_is_truncated() -> None:
    assert describe(message_id="x" * 1000)["event_id"] == "x" * 100
