"""kill -9 of the sender after the provider has accepted a message, before the result is recorded."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from nameko.runners import ServiceRunner

from notifications.deliveries import DeliveriesService
from tests.integration.conftest import Until
from tests.integration.notifications.delivery import short_lease
from tests.integration.notifications.support import CreateDeliveries, Deliveries, values
from tests.integration.notifications.users_service import Accounts, UsersService
from tests.integration.support.fakes import FakeServer

HANG = 20  # seconds; longer than the test runs


@pytest.fixture
def sender(settings: dict[str, Any], start: Callable[..., ServiceRunner]) -> Iterator[subprocess.Popen[bytes]]:
    start(UsersService)
    environment = os.environ | {"AMQP_URI": settings["AMQP_URI"]}
    with subprocess.Popen([sys.executable, "-m", short_lease.__name__], env=environment) as process:  # noqa: S603
        yield process
        process.kill()


def test_killed_sender_resends_email_with_its_message_id_and_leaves_sms_unknown(
    sender: subprocess.Popen[bytes],
    settings: dict[str, Any],
    runner_factory: Callable[..., ServiceRunner],
    accounts: Accounts,
    create_deliveries: CreateDeliveries,
    until: Until,
    finished: Deliveries,
    mailbox: FakeServer,
    sms: FakeServer,
) -> None:
    mailbox.fail(hang=HANG)
    sms.fail(hang=HANG)
    create_deliveries("email", accounts.add("ada", "email"))
    create_deliveries("sms", accounts.add("ben", "sms", phone="+254711000001"))
    until(lambda: mailbox.received() and sms.received())
    sender.kill()
    runner_factory(settings, DeliveriesService).start()
    assert values(finished(), "channel", "status", "attempts", "last_error") == [
        ("email", "sent", 2, None),
        ("sms", "unknown", 1, "the sender stopped on the way"),
    ]
    message_ids = [dict(mailbox.read(mail["id"])["headers"])["Message-ID"] for mail in mailbox.received()]
    assert len(message_ids) == 2
    assert len(set(message_ids)) == 1
    assert len(sms.received()) == 1
