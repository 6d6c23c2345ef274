"""The delivery channels. To add a channel, add its folder, a row here, and its name to the contracts."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult
from notifications.channels.email import set_up_email
from notifications.channels.interface import ChannelSetup
from notifications.channels.sms import set_up_sms
from notifications.contract import DeliveryChannel
from notifications.models import SmsCount
from users.contract import Contact


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """One delivery channel.

    name: On the wire, in the database, and of the section below `notifications` in config.yml.
    setup: Reads that section and returns the factory of the channel.
    address: Returns where the channel reaches a user; None if the user has no such address.
    abandoned: The result of a delivery whose sender crashed.
    daily_tables: The date columns of tables of the channel whose rows are removed after two days.
    """

    name: DeliveryChannel
    setup: ChannelSetup
    address: Callable[[Contact], str | None]
    abandoned: DeliveryResult
    daily_tables: tuple[InstrumentedAttribute[Any], ...] = ()


CHANNELS = (
    ChannelSpec(
        name="email",
        setup=set_up_email,
        address=attrgetter("email"),
        # A second copy has the same Message-ID.
        abandoned=delivery_results.transient("the sender stopped on the way"),
    ),
    ChannelSpec(
        name="sms",
        setup=set_up_sms,
        address=attrgetter("phone"),
        # Africa's Talking has no idempotency key.
        abandoned=delivery_results.unknown("the sender stopped on the way"),
        daily_tables=(SmsCount.day,),
    ),
)
NAMES = tuple(channel.name for channel in CHANNELS)
