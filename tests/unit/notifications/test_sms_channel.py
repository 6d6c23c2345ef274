"""The SMS channel without a database."""

from unittest.mock import Mock

from chassis.errors import Unavailable
from notifications.channels import delivery_results
from notifications.channels.interface import OutgoingMessage
from notifications.channels.sms.account import SmsAccount
from notifications.channels.sms.channel import Sms

CONFIG = {
    "username": "sandbox",
    "api_key": "key",
    "url": "http://127.0.0.1:9",  # refuses connections
    "sender": "",
    "timeout": 1,
    "countries": "",
    "per_number": 100,
    "daily_budget": None,
}


def test_sms_that_cannot_be_counted_is_not_attempted() -> None:
    db, no_rpc = Mock(write=Mock(side_effect=Unavailable("The database is unavailable."))), Mock()
    batch = [
        OutgoingMessage(1, "-", "0711", "ada", "message", "Tea", "Chai?"),
        OutgoingMessage(2, "-", "+254711000001", "ben", "message", "Tea", "Chai?"),
    ]
    results = list(Sms(SmsAccount(CONFIG), db, no_rpc).send(batch))
    assert results == [[(1, delivery_results.invalid_address("the phone number is not valid"))]]
