"""The e-mail channel: SMTP."""

from typing import Any

from notifications.channels.interface import ChannelFactory


def set_up_email(settings: dict[str, Any]) -> ChannelFactory:
    """Set up the channel from the `email` section. Raises ValueError for an invalid setting."""
    from notifications.channels.email.channel import Email  # noqa: PLC0415 - only the process that sends needs it

    email = Email(settings)
    return lambda _db, _rpc_client: email
