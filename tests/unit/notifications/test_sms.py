"""What the SMS channel does when it cannot count."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chassis.errors import Unavailable
from notifications.channels import delivery_results
from notifications.channels.base import Outgoing
from notifications.channels.sms.account import SmsAccount
from notifications.channels.sms.channel import Sms

CONFIG = {
    "username": "sandbox",
    "api_key": "key",
    "url": "http://127.0.0.1:9",  # nobody listens there
    "sender": "",
    "timeout": 1,
    "countries": "",
    "per_number": 100,
    "daily_budget": None,
}


class Away:
    """A database that does not come."""

    @contextmanager
    def write(self) -> Iterator[None]:
        raise Unavailable("The database is away or too busy.")
        yield


def test_what_cannot_be_counted_is_not_sent_and_stays_untouched() -> None:
    db: Any = Away()
    nobody: Any = None
    batch = [
        Outgoing(1, "-", "0711", "ada", "message", "Tea", "Chai?"),
        Outgoing(2, "-", "+254711000001", "ben", "message", "Tea", "Chai?"),
    ]
    results = list(Sms(SmsAccount(CONFIG), db, nobody).send(batch))
    assert results == [[(1, delivery_results.unusable("the phone number is not valid"))]]
