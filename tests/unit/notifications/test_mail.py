"""Mails as they are composed."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest

from notifications.channels.base import Outgoing
from notifications.channels.email.message import Composer

SENDER = "Baraza <no-reply@baraza.example>"
MOMENT = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
TOKEN = "5f0c2a4e-9b1d-4c3e-8a57-0d6e1f2b3c4d"
LINK = f"https://baraza.example/api/unsubscribe/{TOKEN}/?channel=email"
LETTER = Outgoing(
    id=7,
    reference="01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21.01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b22",
    address="ada@example.org",
    username="ada",
    kind="message",
    title="Title",
    message="Tea & <b>cake</b>",
    unsubscribe_token=TOKEN,
)


def compose(**changes: Any) -> EmailMessage:
    return Composer(SENDER, "https://baraza.example/api/").compose(replace(LETTER, **changes), MOMENT)


def sent(message: EmailMessage) -> EmailMessage:
    """Return a mail as its reader gets it, and see that any server would take it."""
    wire = message.as_bytes()
    assert wire.isascii()
    assert max(map(len, wire.splitlines())) <= 998  # RFC 5321, section 4.5.3.1.6
    return BytesParser(policy=policy.default).parsebytes(wire)


def parts(message: EmailMessage) -> tuple[str, str]:
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return plain.get_content(), html.get_content()


def test_a_mail_has_the_headers_of_a_good_citizen() -> None:
    message = sent(compose())
    assert message["Message-ID"] == f"<{LETTER.reference}@baraza.example>"
    assert message["Date"] == "Sun, 22 Nov 2026 14:30:00 +0000"
    assert message["From"] == SENDER
    assert message["To"] == "ada <ada@example.org>"
    assert message["List-Id"] == "Baraza <notifications.baraza.example>"
    assert (message["Auto-Submitted"], message["Precedence"]) == ("auto-generated", "bulk")


def test_every_attempt_has_the_same_message_id() -> None:
    later = Composer(SENDER, "https://baraza.example").compose(LETTER, MOMENT + timedelta(hours=1))
    assert later["Message-ID"] == compose()["Message-ID"]


def test_one_click_unsubscribes_from_the_header_the_text_and_the_html() -> None:
    message = compose()
    assert f"\r\nList-Unsubscribe: <{LINK}>\r\n".encode() in message.as_bytes()  # in one piece
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain, html = parts(sent(message))
    assert LINK in plain
    assert f'href="{LINK}"' in html


def test_without_a_token_there_is_no_link() -> None:
    message = sent(compose(unsubscribe_token=None))
    assert "List-Unsubscribe" not in message
    assert "List-Unsubscribe-Post" not in message
    assert all("unsubscribe" not in part.lower() for part in parts(message))


@pytest.mark.parametrize("public_url", ["", "baraza.example", "ftp://baraza.example"])
def test_a_place_that_no_link_can_lead_to_stops_the_start(public_url: str) -> None:
    with pytest.raises(ValueError, match="public_url"):
        Composer(SENDER, public_url)


def test_the_text_is_plain_and_the_html_is_escaped() -> None:
    plain, html = parts(sent(compose(title="<i>Tea</i>")))
    assert "<i>Tea</i>" in plain
    assert "Tea & <b>cake</b>" in plain
    assert "&lt;i&gt;Tea&lt;/i&gt;" in html
    assert "Tea &amp; &lt;b&gt;cake&lt;/b&gt;" in html
    assert not {"<i>", "<b>"} & set(re.findall("<[^>]*>", html))


def test_the_html_needs_nothing_from_elsewhere() -> None:
    _, html = parts(compose(unsubscribe_token=None))
    assert not re.search(r"https?:|src=|url\(|@import", html)


@pytest.mark.parametrize(
    ("kind", "chosen", "reason"),
    [
        ("post_created", False, "you were signed in to Baraza when this was posted"),
        ("message", False, "sent you a message, and your account asks for news by e-mail"),
        ("message", True, "sent it to you by e-mail"),
    ],
)
def test_a_mail_says_why_one_gets_it(kind: str, chosen: bool, reason: str) -> None:  # noqa: FBT001 - a table
    assert all(reason in part for part in parts(sent(compose(kind=kind, chosen=chosen))))


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r", "\N{LINE SEPARATOR}", "\x0b", "\x85"])
def test_a_title_cannot_add_headers(newline: str) -> None:
    message = sent(compose(title=f"Hi{newline}Bcc: eve@example.org"))
    assert message["Subject"] == "Hi Bcc: eve@example.org"
    assert message["Bcc"] is None


def test_a_token_cannot_add_headers() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        compose(unsubscribe_token="x/\r\nBcc: eve@example.org\r\n")


@pytest.mark.parametrize("title", ["Karibu! \N{GRINNING FACE} čaj " * 12, "x" * 300, "مرحبا بالجميع"])
def test_long_and_foreign_words_arrive_to_the_letter(title: str) -> None:
    message = sent(compose(title=title, message=title, username="a" * 30))
    assert message["Subject"] == title.strip()
    assert all(title in part for part in parts(message))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "a b@example.org",
        "a@b.example\r\nBcc: e@f.example",
        "a@b.example, c@d.example",
    ],
)
def test_what_is_not_one_address_is_rejected(address: str) -> None:
    with pytest.raises(ValueError, match="not a mail address"):
        compose(address=address)


def test_neither_address_nor_token_is_in_a_representation_that_could_be_logged() -> None:
    assert "example.org" not in repr(LETTER)
    assert TOKEN not in repr(LETTER)
