"""Africa's Talking's SDK, with HTTP responses as the vendor sends them."""

from typing import Any

import pytest
import requests
from africastalking.SMS import SMSService

AMINA = "+254711000001"


@pytest.fixture
def requests_sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The requests that the SDK sends; none of them leaves this process."""
    sent: list[dict[str, Any]] = []

    def post(**request: Any) -> requests.Response:
        sent.append(request)
        return response(200)

    monkeypatch.setattr(requests, "post", post)
    return sent


def response(status: int, content_type: str = "application/json", body: bytes = b"{}") -> requests.Response:
    replied = requests.Response()
    replied.status_code, replied._content = status, body  # noqa: SLF001 - requests sets it when it reads a response
    replied.headers["content-type"] = content_type
    return replied


def send(monkeypatch: pytest.MonkeyPatch, replied: requests.Response) -> Any:
    monkeypatch.setattr(requests, "post", lambda **_: replied)
    return SMSService("sandbox", "key").send("Habari", [AMINA])


def test_one_malformed_number_fails_the_whole_request(requests_sent: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="Invalid phone number"):
        SMSService("sandbox", "key").send("Habari", [AMINA, "0711000002"])
    assert requests_sent == []


def test_requests_have_no_idempotency_key(requests_sent: list[dict[str, Any]]) -> None:
    for _ in range(2):
        SMSService("sandbox", "key").send("Habari", [AMINA])
    assert requests_sent[0] == requests_sent[1]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "text/plain"])
def test_response_is_text_unless_its_content_type_is_exactly_json(
    monkeypatch: pytest.MonkeyPatch, content_type: str
) -> None:
    assert send(monkeypatch, response(201)) == {}
    assert send(monkeypatch, response(201, content_type)) == "{}"
