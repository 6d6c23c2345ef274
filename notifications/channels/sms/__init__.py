"""The SMS channel: Africa's Talking."""

from functools import partial
from typing import Any

from notifications.channels.interface import ChannelFactory


def set_up_sms(settings: dict[str, Any]) -> ChannelFactory:
    """Set up the channel from the `sms` section. Raises ValueError for an invalid setting."""
    from notifications.channels.sms.account import SmsAccount  # noqa: PLC0415 - only the process that sends needs
    from notifications.channels.sms.channel import Sms  # noqa: PLC0415 - these: with the SDK they take 9 MB

    return partial(Sms, SmsAccount(settings))
