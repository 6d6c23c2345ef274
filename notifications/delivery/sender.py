"""Sends what is due by one channel: claim, ask for addresses, send, record."""

import logging
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import ServiceError
from chassis.rpc.client import RpcClient
from notifications import metrics
from notifications.channels import delivery_results
from notifications.channels.base import Outgoing, Result
from notifications.channels.breaker import Protected
from notifications.channels.delivery_results import Outcome
from notifications.delivery import delivery_store
from notifications.delivery.delivery_store import Claim, Words
from notifications.delivery.destination import Destination, destination
from notifications.delivery.presence import Presence
from notifications.inbox import post_updates, post_updates_store
from users.contract import Contact, ContactList, Contacts

ROUND = 5  # seconds; a process that is to stop waits so long for a backlog

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sender:
    """Works for one channel; `rules` is the `delivery` section of the configuration."""

    db: UnitOfWork
    rpc_client: RpcClient
    channel: Protected
    rules: dict[str, Any]
    presence: Presence

    def run(self) -> None:
        """Send until nothing is due, the provider is in trouble, or ROUND seconds are over."""
        deadline = time.monotonic() + ROUND
        try:
            while time.monotonic() < deadline and self._batch(deadline):
                pass
        except ServiceError as error:
            _log.warning("%s deliveries wait: %s", self.channel.name, error)

    def _batch(self, deadline: float) -> bool:
        """Work on one batch; false when there is no more to do for now. Whoever is in trouble gets a moment's peace."""
        claims = {claim.id: claim for claim in self._claim()}
        if not claims:
            return False
        trouble = False
        for results in self._send(list(claims.values())):
            self._record((claims.pop(delivery), outcome) for delivery, outcome in results)
            trouble = any(outcome.trouble for _, outcome in results)
            if time.monotonic() > deadline:
                break
        self._record((claim, delivery_results.untouched()) for claim in claims.values())
        return not trouble

    def _claim(self) -> list[Claim]:
        """Take what is due, as much as the breaker lets through; first settle the claims of senders that died."""
        name, batch = self.channel.name, self.channel.room(self.rules["batch"])
        if not batch:
            return []
        with self.db.write() as session:
            lost = delivery_store.abandoned(session, name, batch)
            delivery_store.record(session, [(claim, self._after(claim, self.channel.abandoned)) for claim in lost])
            return delivery_store.claim(session, name, batch, self.rules["lease"])

    def _send(self, claims: list[Claim]) -> Iterator[list[Result]]:
        """Cancel what must not be sent at this moment, and send the rest."""
        contacts = self._contacts(claims)
        there = self.presence.there({claim.user_id for claim in claims if not claim.chosen})
        with self.db.read() as session:
            texts = delivery_store.texts(session, (claim.notification_id for claim in claims))
            gone = post_updates_store.about_deleted(session, texts)
        outgoing: list[Outgoing] = []
        rejected: list[Result] = []
        for claim in claims:
            contact = contacts.get(claim.user_id)
            saw = claim.user_id in there
            place = destination(contact, self.channel.name, chosen=claim.chosen, connected=saw)
            if claim.notification_id in gone:
                place = post_updates.DELETED
            if isinstance(place, Destination):
                outgoing.append(_outgoing(claim, place, texts[claim.notification_id]))
            else:
                rejected.append((claim.id, delivery_results.cancelled(place)))
        yield rejected
        yield from self.channel.send(outgoing)

    def _contacts(self, claims: list[Claim]) -> dict[str, Contact]:
        """Ask for the addresses of this moment; without an answer the claims are given back."""
        try:
            request = Contacts(ids=sorted({claim.user_id for claim in claims}))
            found = self.rpc_client.call("users.contacts", request, ContactList)
        except ServiceError:
            self._record((claim, delivery_results.untouched()) for claim in claims)
            raise
        return {contact.id: contact for contact in found.items}

    def _record(self, results: Iterable[tuple[Claim, Outcome]]) -> None:
        settled = [(claim, self._after(claim, outcome)) for claim, outcome in results]
        if settled:
            with self.db.write() as session:
                delivery_store.record(session, settled)
            for _, outcome in settled:
                if outcome.status != "pending" or outcome.tried:
                    word = "retried" if outcome.status == "pending" else outcome.status
                    metrics.DELIVERIES.labels(self.channel.name, word).inc()

    def _after(self, claim: Claim, outcome: Outcome) -> Outcome:
        """Jitter needs no secrecy."""
        return delivery_results.after_attempt(outcome, claim.attempt, self.rules["backoff"], random.random())  # noqa: S311


def _outgoing(claim: Claim, place: Destination, words: Words) -> Outgoing:
    return Outgoing(
        id=claim.id,
        reference=f"{claim.notification_id}.{claim.user_id}",
        address=place.address,
        username=place.username,
        kind=words.kind,
        title=words.title,
        message=words.message,
        chosen=claim.chosen,
        unsubscribe_token=place.unsubscribe_token,
    )
