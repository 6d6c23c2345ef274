"""Mails as they are composed."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from notifications.channels import mail
from notifications.channels.base import Outgoing

SENDER = "Baraza <no-reply@baraza.example>"
MOMENT = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
LETTER = Outgoing(7, "01932f3e.01932f3f", "ada@example.org", "ada", "Title", "Tea & <b>cake</b>")


def test_a_mail_has_the_headers_of_a_good_citizen() -> None:
    message = mail.compose(LETTER, SENDER, MOMENT)
    assert message["Message-ID"] == "<01932f3e.01932f3f@baraza.example>"
    assert message["Date"] == "Sun, 22 Nov 2026 14:30:00 +0000"
    assert message["From"] == SENDER
    assert message["To"] == "ada <ada@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_text_is_plain_and_the_html_is_escaped() -> None:
    message = mail.compose(LETTER, SENDER, MOMENT)
    plain, html = message.iter_parts()
    assert plain.get_content_type() == "text/plain"
    assert "Tea & <b>cake</b>" in plain.get_content()
    assert "Tea &amp; &lt;b&gt;cake&lt;/b&gt;" in html.get_content()


def test_a_title_cannot_add_headers() -> None:
    message = mail.compose(replace(LETTER, title="Hi\r\nBcc: eve@example.org"), SENDER, MOMENT)
    assert message["Subject"] == "Hi Bcc: eve@example.org"
    assert message["Bcc"] is None


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
def test_what_is_not_one_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not a mail address"):
        mail.compose(replace(LETTER, address=address), SENDER, MOMENT)


def test_an_address_is_in_no_representation_that_could_be_logged() -> None:
    assert "example.org" not in repr(LETTER)
