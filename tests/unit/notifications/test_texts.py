"""The texts of notifications."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from feeds.contract import PostCreated
from notifications import texts
from users.contract import SecurityNoticeDetails, SecurityNoticeKind

POST = PostCreated(
    id="01932f3e-0000-7000-8000-000000000001",
    author_id="01932f3e-0000-7000-8000-00000000000a",
    author_username="ada",
    text="Karibu, the bench is open.",
    created_at=datetime(2026, 11, 22, tzinfo=UTC),
)


def test_erased_post_has_neither_name_nor_text() -> None:
    content = texts.for_erased_post(POST.id, POST.author_id)
    assert content.kind == "post_created"
    assert content.data.keys() == {*texts.for_post(POST).data, "deleted"}
    assert "ada" not in str(content)
    assert POST.text not in str(content)


def details(kind: SecurityNoticeKind, user_agent: str | None = None) -> SecurityNoticeDetails:
    return SecurityNoticeDetails(
        id=POST.id,
        user_id=POST.author_id,
        username="ada",
        channel="email",
        address="ada@example.org",
        kind=kind,
        occurred_at=POST.created_at,
        client_address="192.0.2.1" if user_agent else None,
        user_agent=user_agent,
    )


@pytest.mark.parametrize("kind", get_args(SecurityNoticeKind))
def test_security_notice_says_what_when_and_what_to_do(kind: SecurityNoticeKind) -> None:
    stored, sent = texts.security_notice(kind), texts.for_security_notice(details(kind))
    assert (stored.kind, stored.title) == (sent.kind, sent.title)
    assert sent.message.startswith(stored.message)
    assert "When: 2026-11-22 00:00 UTC" in sent.message
    assert "If it was not you: " in sent.message


def test_security_notice_shows_the_beginning_of_a_program_on_one_line() -> None:
    message = texts.for_security_notice(details("new_device", "curl\n" + "x" * 200)).message
    (line,) = [line for line in message.splitlines() if line.startswith("Program: ")]
    assert len(line) <= len("Program: ") + texts.PROGRAM
    assert line.startswith("Program: curl x")
