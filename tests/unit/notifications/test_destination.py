"""Whether and where a delivery may be sent."""

from notifications.delivery.destination import Destination, destination
from users.contract import Channel, Contact

ADA = "01932f3e-0000-7000-8000-00000000000a"


def contact(*notify_by: Channel, phone: str | None = "+254711000001") -> Contact:
    return Contact(id=ADA, username="ada", email="ada@example.org", phone=phone, notify_by=list(notify_by))


def test_address_depends_on_the_channel() -> None:
    assert destination(contact("email"), "email", chosen=False) == Destination("ada", "ada@example.org")
    assert destination(contact("sms"), "sms", chosen=False) == Destination("ada", "+254711000001")


def test_closed_account_has_no_destination() -> None:
    assert destination(None, "email", chosen=True) == "the account is closed"


def test_disabled_channel_has_no_destination() -> None:
    assert destination(contact("realtime"), "email", chosen=False) == "the channel was switched off"


def test_channel_of_the_sender_needs_only_an_address() -> None:
    assert destination(contact(), "email", chosen=True) == Destination("ada", "ada@example.org")
    assert destination(contact(phone=None), "sms", chosen=True) == "there is no address"
