"""Which users get a notification, and by which channels."""

from notifications.fanout import audience
from notifications.fanout.audience import Audience
from users.contract import Channel, Recipient

ADA = "01932f3e-0000-7000-8000-00000000000a"
BEN = "01932f3e-0000-7000-8000-00000000000b"
CEM = "01932f3e-0000-7000-8000-00000000000c"


def recipient(user: str, *notify_by: Channel) -> Recipient:
    return Recipient(id=user, notify_by=list(notify_by))


def test_every_recipient_gets_an_inbox_row_even_without_channels() -> None:
    assert audience.select([recipient(ADA), recipient(BEN, "realtime")]).inbox == [ADA, BEN]


def test_recipients_are_selected_for_the_channels_in_their_notify_by() -> None:
    recipients = [recipient(ADA, "realtime", "email"), recipient(BEN, "sms"), recipient(CEM, "email", "sms")]
    assert audience.select(recipients) == Audience(
        inbox=[ADA, BEN, CEM], realtime=[ADA], deliveries={"email": [ADA, CEM], "sms": [BEN, CEM]}
    )


def test_author_is_not_selected() -> None:
    recipients = [recipient(ADA, "realtime", "email"), recipient(BEN, "realtime", "email")]
    assert audience.select(recipients, author=ADA) == Audience([BEN], [BEN], {"email": [BEN], "sms": []})


def test_channels_of_the_sender_replace_notify_by() -> None:
    selected = audience.select([recipient(ADA, "realtime", "email")], channels=["sms"])
    assert selected == Audience([ADA], [], {"email": [], "sms": [ADA]})
