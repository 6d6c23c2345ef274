"""Sends the due deliveries of one channel: claim, read choices and addresses, send, record."""

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import ServiceError
from chassis.rpc.client import RpcClient
from notifications import metrics
from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult
from notifications.channels.interface import OutgoingMessage, SendResult
from notifications.channels.provider import ActiveChannel
from notifications.delivery import delivery_store
from notifications.delivery.account_messages import AccountMessages
from notifications.delivery.choices import Choices
from notifications.delivery.delivery_store import Claim
from notifications.delivery.destination import Destination
from notifications.delivery.leases import Leases
from notifications.delivery.presence import Presence
from notifications.texts import Content

RUN_SECONDS = 5  # a process that stops waits so long for the end of a run

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends by one channel; `settings` is the `delivery` section of the configuration."""

    db: UnitOfWork
    rpc_client: RpcClient
    channel: ActiveChannel
    settings: dict[str, Any]
    presence: Presence
    leases: Leases
    urgent: bool = False  # whether it sends codes and security notices, or all other deliveries

    def run(self) -> None:
        """Send until nothing is due, the provider fails, or RUN_SECONDS are over."""
        deadline = time.monotonic() + RUN_SECONDS
        try:
            while time.monotonic() < deadline and self._send_batch(deadline):
                pass
        except ServiceError as error:
            _log.warning("%s deliveries are delayed: %s", self.channel.spec.name, error)

    def _send_batch(self, deadline: float) -> bool:
        """Send one batch; return whether to continue: not if nothing was due, or the provider failed."""
        claims = {claim.id: claim for claim in self._claim()}
        if not claims:
            return False
        provider_failed = False
        with self.leases.renewed(claims):
            for results in self._send(list(claims.values())):
                self._record((claims.pop(delivery), result) for delivery, result in results)
                provider_failed = any(result.provider_error for _, result in results)
                if time.monotonic() > deadline:
                    break
        self._record((claim, delivery_results.not_attempted()) for claim in claims.values())
        return not provider_failed

    def _claim(self) -> list[Claim]:
        """Record expired claims, then claim as many due deliveries as the breaker allows."""
        spec, limit = self.channel.spec, self.channel.breaker.allowed(self.settings["batch"])
        if not limit or not self._any_due():
            return []
        with self.db.write() as session:
            expired = delivery_store.expired_claims(session, spec.name, limit, urgent=self.urgent)
            delivery_store.record(session, [(claim, self._abandoned(claim)) for claim in expired])
            return delivery_store.claim(session, spec.name, limit, self.leases.seconds, urgent=self.urgent)

    def _any_due(self) -> bool:
        """Return whether there is something to claim. Mostly there is not, and this takes no lock."""
        with self.db.read() as session:
            return delivery_store.any_due(session, self.channel.spec.name, urgent=self.urgent)

    def _send(self, claims: list[Claim]) -> Iterator[list[SendResult]]:
        """Cancel what must not be sent now, and send the rest.

        No transaction is open while the provider is called: a slow provider must not hold locks.
        """
        choices = self._choices(claims)
        outgoing: list[OutgoingMessage] = []
        cancelled: list[SendResult] = []
        for claim in claims:
            resolved = choices.resolve(claim)
            if isinstance(resolved, Destination):
                check = partial(choices.check, claim, resolved.address)
                outgoing.append(_message(claim, resolved, choices.content(claim), check))
            else:
                cancelled.append((claim.id, delivery_results.cancelled(resolved)))
        yield cancelled
        channel = self.channel.factory(self.db, self.rpc_client)
        yield from self.channel.breaker.send(channel, outgoing)

    def _choices(self, claims: list[Claim]) -> Choices | AccountMessages:
        """Read what the recipients want, or the texts of users; without a reply release the claims."""
        choices: Choices | AccountMessages
        if self.urgent:
            choices = AccountMessages(self.db, self.rpc_client, claims)
        else:
            choices = Choices(self.db, self.rpc_client, self.channel.spec, claims)
            users = {claim.user_id for claim in claims if not claim.channels_forced}
            choices.connected = self.presence.connected(users)
        try:
            choices.read()
        except ServiceError:
            self._record((claim, delivery_results.not_attempted()) for claim in claims)
            raise
        return choices

    def _record(self, results: Iterable[tuple[Claim, DeliveryResult]]) -> None:
        recorded = [(claim, self._after_attempt(claim, result)) for claim, result in results]
        if recorded:
            with self.db.write() as session:
                delivery_store.record(session, recorded)
            for _, result in recorded:
                if result.status != "pending" or result.attempted:
                    outcome = "retried" if result.status == "pending" else result.status
                    metrics.DELIVERIES.labels(self.channel.spec.name, outcome).inc()
                    if self.urgent:
                        metrics.CODE_DELIVERIES.labels(self.channel.spec.name, outcome).inc()

    def _abandoned(self, claim: Claim) -> DeliveryResult:
        """Return the result of an expired claim. Its lease was a part of the delay until the next attempt."""
        result = self._after_attempt(claim, self.channel.spec.abandoned)
        return replace(result, delay=max(0.0, result.delay - self.leases.seconds))

    def _after_attempt(self, claim: Claim, result: DeliveryResult) -> DeliveryResult:
        jitter = random.random()  # noqa: S311 - not a secret
        return delivery_results.after_attempt(result, claim.attempt, self.settings["backoff"], jitter)


def _message(
    claim: Claim, to: Destination, content: Content, check: Callable[[], DeliveryResult | None]
) -> OutgoingMessage:
    return OutgoingMessage(
        id=claim.id,
        reference=f"{claim.notification_id}.{claim.user_id}",
        address=to.address,
        username=to.username,
        kind=content.kind,
        title=content.title,
        body=content.message,
        channels_forced=claim.channels_forced,
        unsubscribe_token=to.unsubscribe_token,
        restore_token=to.restore_token,
        check=check,
    )
