"""Africa's Talking's SDK, with answers as they come over the wire."""

from typing import Any

import pytest
import requests
from africastalking.Service import AfricasTalkingException
from africastalking.SMS import SMSService

AMINA = "+254711000001"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is sent; nothing leaves this process."""
    found: list[dict[str, Any]] = []

    def post(**request: Any) -> requests.Response:
        found.append(request)
        return answer(200)

    monkeypatch.setattr(requests, "post", post)
    return found


def answer(status: int, content_type: str = "application/json", body: bytes = b"{}") -> requests.Response:
    response = requests.Response()
    response.status_code, response._content = status, body  # noqa: SLF001 - as a connection would fill it
    response.headers["content-type"] = content_type
    return response


def sent(monkeypatch: pytest.MonkeyPatch, answered: requests.Response) -> Any:
    monkeypatch.setattr(requests, "post", lambda **_: answered)
    return SMSService("sandbox", "key").send("Habari", [AMINA])


def test_one_number_that_it_cannot_read_fails_the_whole_request(asked: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="Invalid phone number"):
        SMSService("sandbox", "key").send("Habari", [AMINA, "0711000002"])
    assert asked == []


def test_a_request_has_nothing_by_which_a_repetition_could_be_known(asked: list[dict[str, Any]]) -> None:
    for _ in range(2):
        SMSService("sandbox", "key").send("Habari", [AMINA])
    assert asked[0] == asked[1]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "text/plain"])
def test_an_answer_is_text_unless_its_content_type_is_exactly_that_of_json(
    monkeypatch: pytest.MonkeyPatch, content_type: str
) -> None:
    assert sent(monkeypatch, answer(201)) == {}
    assert sent(monkeypatch, answer(201, content_type)) == "{}"


def test_of_a_refusal_it_tells_the_text_and_not_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AfricasTalkingException) as refused:
        sent(monkeypatch, answer(429, "text/plain", b"slowly"))
    assert refused.value.args == ("slowly",)
    assert not hasattr(refused.value, "response")
