"""What operators see of a parked message, whoever wrote it."""

from typing import Any

import pytest
from amqp import Message

from chassis.events import contract

ID = "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"
NOTHING: dict[str, Any] = {"event_id": None, "error": None, "attempts": 0, "request_id": None, "since": None, "ids": {}}


def shown(body: bytes | str = b"{}", **properties: Any) -> dict[str, Any]:
    return contract.event(Message(body, **properties)).model_dump(mode="json")


def test_a_payload_is_shown_by_its_ids_alone() -> None:
    body = f'{{"id":"{ID}","text":"a word of mine","author_id":"{ID}","count":3,"list":["{ID}"]}}'
    assert shown(body) == NOTHING | {"ids": {"id": ID, "author_id": ID}}


def test_what_a_handler_left_in_the_headers_is_shown() -> None:
    headers = {"baraza.error": "asleep", "baraza.attempt": 6, "nameko.request_id": "r-1", "nameko.auth_token": "secret"}
    assert shown(message_id=ID, timestamp=1_764_000_000, application_headers=headers) == {
        "event_id": ID,
        "error": "asleep",
        "attempts": 6,
        "request_id": "r-1",
        "since": "2025-11-24T16:00:00.000000Z",
        "ids": {},
    }


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 100_000, b"null", b'["id"]', '{"id":"\\ud800"}'], ids=range(6))
def test_a_body_that_is_no_event_is_shown_without_ids(body: bytes | str) -> None:
    assert shown(body) == NOTHING


@pytest.mark.parametrize("stamp", [2**63 - 1, -(2**62), "now", 1e300, None], ids=range(5))
def test_a_moment_that_there_never_was_is_left_out(stamp: object) -> None:
    assert shown(timestamp=stamp) == NOTHING


@pytest.mark.parametrize("text", ["\ud800", "\x1b[31m", 7, None, ["x"]], ids=range(5))
def test_a_text_that_is_none_is_left_out(text: object) -> None:
    headers = {"baraza.error": text, "baraza.attempt": text if text != 7 else -7, "nameko.request_id": text}
    assert shown(message_id=text, application_headers=headers) == NOTHING


def test_a_long_text_is_cut() -> None:
    assert shown(message_id="x" * 1000)["event_id"] == "x" * 100
