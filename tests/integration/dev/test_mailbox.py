"""The mailbox, used by an SMTP client."""

import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
import requests

Start = Callable[..., tuple[str, int]]
Mailbox = tuple[str, int]  # HTTP address, SMTP port
AMINA, BRIAN = "amina@example.org", "brian@example.org"


@pytest.fixture
def mailbox(start: Start) -> Mailbox:
    return start("mailbox")


def send(
    port: int, *recipients: str, subject: str = "Habari", body: str = "Karibu.", timeout: float = 5
) -> dict[str, tuple[int, bytes]]:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Baraza <b@example.org>", ", ".join(recipients), subject
    message.set_content(body)
    message.add_alternative(f"<p>{body}</p>", subtype="html")
    with smtplib.SMTP("127.0.0.1", port, timeout=timeout) as client:
        return client.send_message(message)


def listed(url: str, **query: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = requests.get(f"{url}/messages", params=query, timeout=5).json()
    return entries


def test_message_is_listed_with_its_envelope_and_read_in_full(mailbox: Mailbox) -> None:
    url, port = mailbox
    send(port, AMINA, subject="Ujumbe mpya: čaj", body="Chai iko tayari.")
    (entry,) = listed(url)
    assert entry["to"] == [AMINA]
    assert entry["from"] == "b@example.org"
    assert entry["subject"] == "Ujumbe mpya: čaj"
    message = requests.get(f"{url}/messages/{entry['id']}", timeout=5).json()
    assert message["text"].strip() == "Chai iko tayari."
    assert "<p>Chai iko tayari.</p>" in message["html"]


@pytest.mark.parametrize(("reply", "code"), [("451 4.7.1 later", 451), ("550 5.1.1 no such user", 550)])
def test_fault_rejects_one_recipient_and_not_the_other(mailbox: Mailbox, reply: str, code: int) -> None:
    url, port = mailbox
    requests.post(f"{url}/faults", json={"rcpt": reply, "to": AMINA}, timeout=5)
    rejected = send(port, AMINA, BRIAN)
    assert rejected[AMINA][0] == code
    assert [entry["to"] for entry in listed(url)] == [[BRIAN]]


@pytest.mark.parametrize("fault", [{"drop": True}, {"hang": 3}])
def test_message_is_stored_although_its_sender_gets_no_reply(mailbox: Mailbox, fault: dict[str, object]) -> None:
    url, port = mailbox
    requests.post(f"{url}/faults", json=fault, timeout=5)
    with pytest.raises((smtplib.SMTPServerDisconnected, TimeoutError)):
        send(port, AMINA, timeout=1)
    assert len(listed(url)) == 1


def test_message_beyond_the_size_limit_is_rejected(mailbox: Mailbox) -> None:
    url, port = mailbox
    with pytest.raises((smtplib.SMTPSenderRefused, smtplib.SMTPDataError)):
        send(port, AMINA, body="x" * 76 + "\n" * 3_000_000)
    assert listed(url) == []


def test_pages_show_messages_without_running_their_html(mailbox: Mailbox) -> None:
    url, port = mailbox
    send(port, AMINA, subject="<script>alert(1)</script>")
    page = requests.get(url, timeout=5).text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    shown = requests.get(f"{url}/show/{listed(url)[0]['id']}", timeout=5)
    assert '<iframe sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown.text
    assert "&lt;p&gt;Karibu." in shown.text
    assert "<script>" not in shown.text
