"""Composed e-mails."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest

from notifications.channels.email.message import Composer
from notifications.channels.interface import OutgoingMessage

SENDER = "Baraza <no-reply@baraza.example>"
DATE = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
TOKEN = "5f0c2a4e-9b1d-4c3e-8a57-0d6e1f2b3c4d"
LINK = f"https://baraza.example/api/unsubscribe/{TOKEN}/?channel=email"
MESSAGE = OutgoingMessage(
    id=7,
    reference="01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21.01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b22",
    address="ada@example.org",
    username="ada",
    kind="message",
    title="Title",
    body="Tea & <b>cake</b>",
    unsubscribe_token=TOKEN,
)


def compose(**changes: Any) -> EmailMessage:
    return Composer(SENDER, "https://baraza.example/api/").compose(replace(MESSAGE, **changes), DATE)


def received(mail: EmailMessage) -> EmailMessage:
    """Return an e-mail as the recipient parses it; every server must accept it."""
    data = mail.as_bytes()
    assert data.isascii()
    assert max(map(len, data.splitlines())) <= 998  # RFC 5321, section 4.5.3.1.6
    return BytesParser(policy=policy.default).parsebytes(data)


def parts(mail: EmailMessage) -> tuple[str, str]:
    plain, html = mail.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return plain.get_content(), html.get_content()


def test_headers_identify_sender_recipient_list_and_automatic_mail() -> None:
    mail = received(compose())
    assert mail["Message-ID"] == f"<{MESSAGE.reference}@baraza.example>"
    assert mail["Date"] == "Sun, 22 Nov 2026 14:30:00 +0000"
    assert mail["From"] == SENDER
    assert mail["To"] == "ada <ada@example.org>"
    assert mail["List-Id"] == "Baraza <notifications.baraza.example>"
    assert (mail["Auto-Submitted"], mail["Precedence"]) == ("auto-generated", "bulk")


def test_header_text_and_html_have_the_unsubscribe_link() -> None:
    mail = compose()
    assert f"\r\nList-Unsubscribe: <{LINK}>\r\n".encode() in mail.as_bytes()  # not folded
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain, html = parts(received(mail))
    assert LINK in plain
    assert f'href="{LINK}"' in html


def test_text_and_html_have_the_link_that_restores_an_address() -> None:
    mail = received(compose(unsubscribe_token=None, restore_token=f"{TOKEN}.00"))
    link = f"https://baraza.example/api/restore-address/?token={TOKEN}.00"
    assert all(link in part for part in parts(mail))
    assert all("unsubscribe" not in part.lower() for part in parts(mail))


def test_without_a_token_there_is_no_unsubscribe_link() -> None:
    mail = received(compose(unsubscribe_token=None))
    assert "List-Unsubscribe" not in mail
    assert "List-Unsubscribe-Post" not in mail
    assert all("unsubscribe" not in part.lower() for part in parts(mail))


@pytest.mark.parametrize("public_url", ["", "baraza.example", "ftp://baraza.example"])
def test_public_url_without_http_is_rejected(public_url: str) -> None:
    with pytest.raises(ValueError, match="public_url"):
        Composer(SENDER, public_url)


def test_text_is_plain_and_html_is_escaped() -> None:
    plain, html = parts(received(compose(title="<i>Tea</i>")))
    assert "<i>Tea</i>" in plain
    assert "Tea & <b>cake</b>" in plain
    assert "&lt;i&gt;Tea&lt;/i&gt;" in html
    assert "Tea &amp; &lt;b&gt;cake&lt;/b&gt;" in html
    assert not {"<i>", "<b>"} & set(re.findall("<[^>]*>", html))


def test_html_loads_nothing_from_the_network() -> None:
    _, html = parts(compose(unsubscribe_token=None))
    assert not re.search(r"https?:|src=|url\(|@import", html)


@pytest.mark.parametrize(
    ("kind", "forced", "reason"),
    [
        ("post_created", False, "you were signed in to Baraza when this was posted"),
        ("message", False, "sent you a message, and your account has notifications by e-mail switched on"),
        ("message", True, "sent it to you by e-mail"),
    ],
)
def test_mail_states_why_it_was_sent(kind: str, forced: bool, reason: str) -> None:  # noqa: FBT001 - a table
    assert all(reason in part for part in parts(received(compose(kind=kind, channels_forced=forced))))


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r", "\N{LINE SEPARATOR}", "\x0b", "\x85"])
def test_title_cannot_add_headers(newline: str) -> None:
    mail = received(compose(title=f"Hi{newline}Bcc: eve@example.org"))
    assert mail["Subject"] == "Hi Bcc: eve@example.org"
    assert mail["Bcc"] is None


def test_token_cannot_add_headers() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        compose(unsubscribe_token="x/\r\nBcc: eve@example.org\r\n")


@pytest.mark.parametrize("newline", ["=0A", "=0D=0A", "=0A=0A"])
def test_title_with_an_encoded_word_cannot_add_headers(newline: str) -> None:
    title = f"=?utf-8?q?Hi{newline}Bcc:_eve@example.org?="
    mail = received(compose(title=title))
    assert (mail["Subject"], mail["Bcc"]) == (title, None)


@pytest.mark.parametrize("title", ["Karibu! \N{GRINNING FACE} čaj " * 12, "x" * 300, "مرحبا بالجميع"])
def test_long_and_non_ascii_texts_arrive_unchanged(title: str) -> None:
    mail = received(compose(title=title, body=title, username="a" * 30))
    assert mail["Subject"] == title.strip()
    assert all(title in part for part in parts(mail))


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
def test_invalid_address_is_rejected(address: str) -> None:
    with pytest.raises(ValueError, match="not a mail address"):
        compose(address=address)


def test_address_and_token_are_not_in_the_repr() -> None:
    assert "example.org" not in repr(MESSAGE)
    assert TOKEN not in repr(MESSAGE)
