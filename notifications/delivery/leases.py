"""Renews the leases of claimed deliveries while this process sends them.

So a lease can be short: it expires soon after the process has ended, and not while a provider takes long to answer.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from chassis.db.database import Database
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import ServiceError
from chassis.provider import SharedProvider
from notifications.delivery import delivery_store
from notifications.delivery.delivery_store import Claim

RENEWALS = 3  # in the time of a lease, so that one that fails does not end it

_log = logging.getLogger(__name__)


class Leases:
    """The leases of one process; each lasts `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._held: dict[int, Mapping[int, Claim]] = {}

    @contextmanager
    def renewed(self, claims: Mapping[int, Claim]) -> Iterator[None]:
        """Renew the leases of these claims during the block, until each is removed from the mapping."""
        self._held[id(claims)] = claims
        try:
            yield
        finally:
            del self._held[id(claims)]

    def renew(self, db: UnitOfWork) -> None:
        """Renew all, in one transaction; without claims do nothing."""
        if claims := [claim for held in self._held.values() for claim in held.values()]:
            with db.write() as session:
                delivery_store.renew(session, claims, self.seconds)


class LeasesProvider(SharedProvider[Leases]):
    """Provides Leases. Its thread also renews them while a process that stops finishes its work, unlike a timer."""

    def create(self) -> Leases:
        """Read the setting."""
        return Leases(self.container.config["notifications"]["delivery"]["lease"])

    def start(self) -> None:
        """Start the thread."""
        database = next(found for found in self.container.dependencies if isinstance(found, Database))
        self._thread = self.container.spawn_managed_thread(lambda: self._run(database), identifier="leases")

    def stop(self) -> None:
        """Stop the thread; no delivery is being sent any more."""
        self._thread.kill()

    def _run(self, database: Database) -> None:
        while True:
            time.sleep(self.shared.seconds / RENEWALS)
            try:
                self.shared.renew(database.unit_of_work())
            except ServiceError as error:
                _log.warning("leases of deliveries are not renewed: %s", error)
