"""Who is told, and by which channels."""

from notifications.fanout import audience
from notifications.fanout.audience import Destination
from users.contract import Channel, Contact, Recipient

ADA = "01932f3e-0000-7000-8000-00000000000a"
BEN = "01932f3e-0000-7000-8000-00000000000b"
CEM = "01932f3e-0000-7000-8000-00000000000c"


def recipient(user: str, *notify_by: Channel) -> Recipient:
    return Recipient(id=user, notify_by=list(notify_by))


def contact(*notify_by: Channel, phone: str | None = "+254711000001") -> Contact:
    return Contact(id=ADA, username="ada", email="ada@example.org", phone=phone, notify_by=list(notify_by))


def test_everybody_gets_an_inbox_row_even_who_wants_to_be_told_by_no_channel() -> None:
    told = audience.of_page([recipient(ADA), recipient(BEN, "realtime")])
    assert told.inbox == [ADA, BEN]


def test_each_is_told_by_the_channels_that_they_chose() -> None:
    told = audience.of_page(
        [recipient(ADA, "realtime", "email"), recipient(BEN, "sms"), recipient(CEM, "email", "sms")]
    )
    assert told.realtime == [ADA]
    assert told.deliveries == {"email": [ADA, CEM], "sms": [BEN, CEM]}


def test_the_author_is_told_nothing() -> None:
    told = audience.of_page([recipient(ADA, "realtime", "email"), recipient(BEN, "realtime", "email")], excluded=ADA)
    assert (told.inbox, told.realtime, told.deliveries) == ([BEN], [BEN], {"email": [BEN], "sms": []})


def test_channels_that_the_sender_chose_replace_those_of_the_recipient() -> None:
    told = audience.of_page([recipient(ADA, "realtime", "email")], channels=["sms"])
    assert (told.inbox, told.realtime, told.deliveries) == ([ADA], [], {"email": [], "sms": [ADA]})


def test_an_address_is_the_one_of_the_channel() -> None:
    assert audience.destination(contact("email"), "email", chosen=False) == Destination("ada", "ada@example.org")
    assert audience.destination(contact("sms"), "sms", chosen=False) == Destination("ada", "+254711000001")


def test_nothing_is_sent_to_a_closed_account() -> None:
    assert audience.destination(None, "email", chosen=True) == "the account is closed"


def test_nothing_is_sent_by_a_channel_that_was_switched_off_meanwhile() -> None:
    assert audience.destination(contact("realtime"), "email", chosen=False) == "the channel was switched off"


def test_a_channel_that_the_sender_chose_needs_only_an_address() -> None:
    assert audience.destination(contact(), "email", chosen=True) == Destination("ada", "ada@example.org")
    assert audience.destination(contact(phone=None), "sms", chosen=True) == "there is no address"
