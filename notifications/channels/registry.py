"""The channels of the deliveries service.

A new channel is a folder beside this file, a row here, and its name in notifications/contract.py and users/contract.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chassis.db.unit_of_work import UnitOfWork
from chassis.rpc.client import RpcClient
from notifications.channels.base import Channel
from notifications.channels.email.channel import Email
from notifications.channels.sms.account import SmsAccount
from notifications.channels.sms.channel import Sms
from notifications.contract import DeliveryChannel
from users.contract import Contact


@dataclass(frozen=True, slots=True)
class Registration:
    """How a channel is created, and where it reaches a user."""

    connect: Callable[[dict[str, Any]], Any]  # once per process, with its section of the configuration
    open: Callable[[Any, UnitOfWork, RpcClient], Channel]  # for one worker, with the result of `connect`
    address: Callable[[Contact], str | None]


CHANNELS: Mapping[DeliveryChannel, Registration] = {
    "email": Registration(Email, lambda email, _db, _rpc_client: email, lambda contact: contact.email),
    "sms": Registration(SmsAccount, Sms, lambda contact: contact.phone),
}
