"""The erasure of an account whose event feeds did not receive, with the real users service."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from kombu import Connection
from nameko.runners import ServiceRunner

from chassis.auth.caller import Caller
from chassis.reconciliation import reconciler
from feeds.service import FeedsService
from tests.integration.conftest import Until
from tests.integration.support.rpc import Rpc
from users.service import UsersService

QUEUE = "evt-users-account_erased--feeds.on_account_erased"
PASSWORD = "correct horse battery"


def test_posts_of_an_account_are_deleted_although_the_event_of_its_erasure_was_lost(
    start: Callable[..., ServiceRunner],
    runner_factory: Callable[..., ServiceRunner],
    settings: dict[str, Any],
    rpc: Rpc,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings["events"]["reconcile"] = 0.2
    monkeypatch.setattr(reconciler, "GRACE", timedelta(seconds=0.6))
    start(UsersService)
    consumer = start(FeedsService)
    account = rpc("users.register", username="ada", email="ada@example.org", password=PASSWORD)
    ada = Caller("gateway", account["id"], "ada")
    rpc("feeds.create", ada, text="words")
    consumer.stop()
    with Connection(settings["AMQP_URI"]) as connection, connection.channel() as channel:
        channel.queue_declare("other", durable=True)
        channel.queue_bind("other", "users.events", "#")
        channel.queue_delete(QUEUE)
        rpc("users.delete_account", ada, password=PASSWORD)
        until(lambda: channel.queue_declare("other", durable=True, passive=True).message_count > 0)
    again = runner_factory(settings, FeedsService)
    again.start()
    until(lambda: rpc("feeds.all")["items"] == [])
