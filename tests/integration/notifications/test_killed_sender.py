"""kill -9 between the moment at which a provider takes something and the moment at which that is written down."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from nameko.runners import ServiceRunner

from notifications.deliveries import DeliveriesService
from tests.integration.notifications import short_claims
from tests.integration.notifications.conftest import Order, Settled, Until
from tests.integration.notifications.people import People, UsersService
from tests.integration.support.fakes import FakeServer

HANG = 20  # seconds; longer than the test waits


@pytest.fixture
def sender(settings: dict[str, Any], start: Callable[..., ServiceRunner]) -> Iterator[subprocess.Popen[bytes]]:
    start(UsersService)
    environment = os.environ | {"AMQP_URI": settings["AMQP_URI"]}
    with subprocess.Popen([sys.executable, "-m", short_claims.__name__], env=environment) as process:  # noqa: S603
        yield process
        process.kill()


@pytest.fixture
def survivor(settings: dict[str, Any], runner_factory: Callable[..., ServiceRunner]) -> Callable[[], None]:
    return lambda: runner_factory(settings, DeliveriesService).start()


def test_a_mail_is_sent_again_with_its_message_id_and_a_text_message_is_unknown(  # noqa: PLR0913, PLR0917 - fixtures
    sender: subprocess.Popen[bytes],
    survivor: Callable[[], None],
    people: People,
    order: Order,
    until: Until,
    settled: Settled,
    mailbox: FakeServer,
    sms: FakeServer,
) -> None:
    mailbox.fail(hang=HANG)
    sms.fail(hang=HANG)
    order("email", people.add("ada", "email"))
    order("sms", people.add("ben", "sms", phone="+254711000001"))
    until(lambda: mailbox.received() and sms.received())
    sender.kill()
    survivor()
    assert [(one["channel"], one["status"], one["attempts"]) for one in settled()] == [
        ("email", "sent", 2),
        ("sms", "unknown", 1),
    ]
    mails = [dict(mailbox.read(mail["id"])["headers"]) for mail in mailbox.received()]
    assert len(mails) == 2
    assert len({mail["Message-ID"] for mail in mails}) == 1
    assert len(sms.received()) == 1
