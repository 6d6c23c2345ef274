"""The pages of the mailbox and the SMS simulator."""

import secrets
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from dev.fakes.app import Faults
from dev.fakes.mailbox import mailbox_app
from dev.fakes.mailbox.store import Mails
from dev.fakes.sms import sms_app
from dev.fakes.sms.rules import reachable_number
from dev.fakes.sms.store import Texts

SCRIPT = "<script>alert(1)</script>"
MAIL = f"Subject: {SCRIPT}\r\nContent-Type: text/html\r\n\r\n<p>Karibu.</p>{SCRIPT}".encode()


@pytest.fixture
def mailbox(tmp_path: Path) -> Flask:
    mails = Mails(tmp_path)
    mails.add("b@example.org", ["amina@example.org"], MAIL)
    return mailbox_app(mails, Faults())


@pytest.fixture
def simulator(tmp_path: Path) -> Flask:
    texts = Texts(tmp_path)
    no_reports: Any = None
    texts.add("+254711000001", 101, SCRIPT, "BARAZA")
    return sms_app("key", texts, Faults(), no_reports)


@pytest.mark.parametrize("fake", ["mailbox", "simulator"])
def test_list_of_messages_is_escaped(fake: str, request: pytest.FixtureRequest) -> None:
    page = request.getfixturevalue(fake).test_client().get("/").text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


def test_html_of_a_mail_is_shown_in_a_sandbox(mailbox: Flask) -> None:
    client = mailbox.test_client()
    messages: Any = client.get("/messages").json
    page = client.get(f"/show/{messages[0]['id']}").text
    assert '<iframe sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "&lt;p&gt;Karibu." in page
    assert "<script>" not in page


def test_newest_mail_to_an_address_is_shown_as_text(mailbox: Flask, tmp_path: Path) -> None:
    mails, client = Mails(tmp_path), mailbox.test_client()
    for number in (1, 2):
        mails.add("b@example.org", ["brian@example.org"], f"Subject: code\r\n\r\ncode {number}\r\n".encode())
    response = client.get("/newest?to=brian@example.org")
    assert (response.text.strip(), response.mimetype) == ("code 2", "text/plain")
    assert client.get("/newest?to=nobody@example.org").status_code == 404


def test_newest_sms_to_a_number_is_shown_as_text(simulator: Flask) -> None:
    response = simulator.test_client().get("/newest", query_string={"to": "+254711000001"})
    assert (response.text, response.mimetype) == (f"{SCRIPT}\n", "text/plain")


def test_random_number_is_none_that_a_rule_rejects_or_does_not_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter([401, 100, 1001, 31002, 50007])
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(numbers))
    assert reachable_number() == "+254710050007"
