"""A third channel needs nothing but its row in a registry."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any

from nameko.runners import ServiceRunner

from chassis.timers import timer_for_each
from notifications.channels import delivery_results
from notifications.channels.interface import OutgoingMessage, SendResult
from notifications.channels.provider import ChannelsProvider
from notifications.channels.registry import ChannelSpec
from notifications.deliveries import DeliveriesService
from notifications.fanout import audience
from tests.integration.notifications.support import CreateDeliveries, Deliveries, values
from tests.integration.notifications.users_service import Accounts, UsersService
from users.contract import RecipientGroup

PUSH: Any = "push"


def test_registered_channel_has_a_timer_and_delivers(
    settings: dict[str, Any],
    accounts: Accounts,
    start: Any,
    create_deliveries: CreateDeliveries,
    finished: Deliveries,
) -> None:
    messages: list[OutgoingMessage] = []

    class Push:
        def send(self, batch: Sequence[OutgoingMessage]) -> Iterator[list[SendResult]]:
            messages.extend(batch)
            yield [(message.id, delivery_results.sent("push-1")) for message in batch]

    class WithPush(DeliveriesService):
        channels = ChannelsProvider(
            [
                ChannelSpec(
                    name=PUSH,
                    setup=lambda _settings: lambda _db, _rpc_client: Push(),
                    address=attrgetter("username"),
                    abandoned=delivery_results.transient("the sender stopped on the way"),
                )
            ]
        )

        @timer_for_each("notifications.delivery.interval", [PUSH])
        def send_due(self, channel: Any) -> None:
            super().send_due(channel)

    settings["notifications"][PUSH] = {}
    runner: ServiceRunner = start(UsersService, WithPush)
    assert runner
    create_deliveries(PUSH, accounts.add("ada"), title="Tea", message="Chai?", forced=True)
    assert values(finished(), "channel", "status", "provider_id") == [("push", "sent", "push-1")]
    assert [(message.address, message.title, message.body) for message in messages] == [("ada", "Tea", "Chai?")]


def test_fan_out_creates_deliveries_for_a_registered_channel() -> None:
    ada = RecipientGroup.model_construct(ids=["ada"], notify_by=[PUSH])
    assert audience.select([ada], delivery_channels=[PUSH]).deliveries == {PUSH: ["ada"]}
