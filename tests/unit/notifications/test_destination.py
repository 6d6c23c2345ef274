"""Whether and where a delivery may be sent."""

import pytest

from notifications.channels.registry import CHANNELS
from notifications.delivery import destination
from notifications.delivery.destination import Destination
from users.contract import Channel, Contact

EMAIL, SMS = CHANNELS


def contact(*notify_by: Channel, phone: str | None = "+254711000001") -> Contact:
    user_id = "01932f3e-0000-7000-8000-00000000000a"
    return Contact(id=user_id, username="ada", email="ada@example.org", phone=phone, notify_by=list(notify_by))


def test_address_is_the_one_of_the_channel() -> None:
    ada = contact("email", "sms")
    assert destination.resolve(ada, EMAIL, channels_forced=False) == Destination("ada", "ada@example.org")
    assert destination.resolve(ada, SMS, channels_forced=False) == Destination("ada", "+254711000001")


def test_closed_account_has_no_destination() -> None:
    assert destination.resolve(None, EMAIL, channels_forced=True) == "the account is closed"


def test_channel_that_was_switched_off_has_no_destination() -> None:
    assert destination.resolve(contact("realtime"), EMAIL, channels_forced=False) == "the channel was switched off"


@pytest.mark.parametrize(
    ("notify_by", "forced", "expected"),
    [
        (("realtime", "email"), False, "the user was connected and saw it there"),
        (("email",), False, Destination("ada", "ada@example.org")),
        (("realtime", "email"), True, Destination("ada", "ada@example.org")),
    ],
    ids=["wants realtime", "no realtime", "forced"],
)
def test_connected_user_who_wants_realtime_has_no_destination(
    notify_by: tuple[Channel, ...],
    forced: bool,  # noqa: FBT001 - a table
    expected: object,
) -> None:
    assert destination.resolve(contact(*notify_by), EMAIL, channels_forced=forced, connected=True) == expected


def test_forced_channel_needs_only_an_address() -> None:
    assert destination.resolve(contact(), EMAIL, channels_forced=True) == Destination("ada", "ada@example.org")
    assert destination.resolve(contact(phone=None), SMS, channels_forced=True) == "there is no address"
