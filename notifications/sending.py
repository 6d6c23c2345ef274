"""Sends what is due by one channel: claim, ask for addresses, send, record."""

import logging
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from chassis.client import PeerCalls
from chassis.errors import ServiceError
from chassis.sessions import Sessions
from notifications import audience, news, outcomes, store_deliveries, store_news
from notifications.audience import Destination
from notifications.channels.base import Channel, Outgoing, Result
from notifications.outcomes import Outcome
from notifications.store_deliveries import Claim
from users.contract import Contact, ContactList, Contacts

ROUND = 5  # seconds; a process that is to stop waits so long for a backlog

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sender:
    """Works for one channel; `rules` is the `delivery` section of the configuration."""

    db: Sessions
    peers: PeerCalls
    channel: Channel
    rules: dict[str, Any]

    def run(self) -> None:
        """Send until nothing is due or ROUND seconds are over."""
        deadline = time.monotonic() + ROUND
        try:
            while time.monotonic() < deadline and self._batch(deadline):
                pass
        except ServiceError as error:
            _log.warning("%s deliveries wait: %s", self.channel.name, error)

    def _batch(self, deadline: float) -> bool:
        """Work on one batch; false when nothing is due."""
        claims = {claim.id: claim for claim in self._claim()}
        if not claims:
            return False
        for results in self._send(list(claims.values())):
            self._record((claims.pop(delivery), outcome) for delivery, outcome in results)
            if time.monotonic() > deadline:
                break
        self._record((claim, outcomes.untouched()) for claim in claims.values())
        return True

    def _claim(self) -> list[Claim]:
        """Take what is due; first settle the claims of senders that died."""
        name, batch = self.channel.name, self.rules["batch"]
        with self.db.write() as session:
            lost = store_deliveries.abandoned(session, name, batch)
            store_deliveries.record(session, [(claim, self._after(claim, self.channel.abandoned)) for claim in lost])
            return store_deliveries.claim(session, name, batch, self.rules["lease"])

    def _send(self, claims: list[Claim]) -> Iterator[list[Result]]:
        """Cancel what must not be sent at this moment, and send the rest."""
        contacts = self._contacts(claims)
        with self.db.read() as session:
            texts = store_deliveries.texts(session, (claim.notification_id for claim in claims))
            gone = store_news.about_deleted(session, texts)
        outgoing: list[Outgoing] = []
        refused: list[Result] = []
        for claim in claims:
            contact = contacts.get(claim.user_id)
            place = audience.destination(contact, self.channel.name, chosen=claim.chosen)
            if claim.notification_id in gone:
                place = news.DELETED
            if isinstance(place, Destination):
                title, message = texts[claim.notification_id]
                reference = f"{claim.notification_id}.{claim.user_id}"
                outgoing.append(Outgoing(claim.id, reference, place.address, place.username, title, message))
            else:
                refused.append((claim.id, outcomes.cancelled(place)))
        yield refused
        yield from self.channel.send(outgoing)

    def _contacts(self, claims: list[Claim]) -> dict[str, Contact]:
        """Ask for the addresses of this moment; without an answer the claims are given back."""
        try:
            request = Contacts(ids=sorted({claim.user_id for claim in claims}))
            found = self.peers.call("users.contacts", request, ContactList)
        except ServiceError:
            self._record((claim, outcomes.untouched()) for claim in claims)
            raise
        return {contact.id: contact for contact in found.items}

    def _record(self, results: Iterable[tuple[Claim, Outcome]]) -> None:
        settled = [(claim, self._after(claim, outcome)) for claim, outcome in results]
        if settled:
            with self.db.write() as session:
                store_deliveries.record(session, settled)

    def _after(self, claim: Claim, outcome: Outcome) -> Outcome:
        """Jitter needs no secrecy."""
        return outcomes.after_attempt(outcome, claim.attempt, self.rules["backoff"], random.random())  # noqa: S311
