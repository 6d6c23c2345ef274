"""Which users are notified, and by which channels."""

from notifications.fanout import audience
from users.contract import Channel, Recipient

ADA = "01932f3e-0000-7000-8000-00000000000a"
BEN = "01932f3e-0000-7000-8000-00000000000b"
CEM = "01932f3e-0000-7000-8000-00000000000c"


def recipient(user: str, *notify_by: Channel) -> Recipient:
    return Recipient(id=user, notify_by=list(notify_by))


def test_every_recipient_gets_an_inbox_row_even_without_channels() -> None:
    told = audience.of_page([recipient(ADA), recipient(BEN, "realtime")])
    assert told.inbox == [ADA, BEN]


def test_recipients_are_notified_by_their_own_channels() -> None:
    told = audience.of_page(
        [recipient(ADA, "realtime", "email"), recipient(BEN, "sms"), recipient(CEM, "email", "sms")]
    )
    assert told.realtime == [ADA]
    assert told.deliveries == {"email": [ADA, CEM], "sms": [BEN, CEM]}


def test_author_is_excluded() -> None:
    told = audience.of_page([recipient(ADA, "realtime", "email"), recipient(BEN, "realtime", "email")], excluded=ADA)
    assert (told.inbox, told.realtime, told.deliveries) == ([BEN], [BEN], {"email": [BEN], "sms": []})


def test_channels_of_the_sender_replace_those_of_the_recipient() -> None:
    told = audience.of_page([recipient(ADA, "realtime", "email")], channels=["sms"])
    assert (told.inbox, told.realtime, told.deliveries) == ([ADA], [], {"email": [], "sms": [ADA]})
