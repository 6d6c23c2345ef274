"""A circuit breaker around a channel: while its provider is in trouble nothing is claimed, and so nothing is lost."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pybreaker

from notifications.channels.base import Channel, Outgoing, Result
from notifications.contract import BreakerState, DeliveryChannel

_log = logging.getLogger(__name__)


class Breaker:
    """Lives as long as its process.

    Closed: everything passes. After some failures in a row it is open, and for a while nothing passes. Then one
    delivery tries: it closes the breaker, or opens it for another while.
    """

    def __init__(self, channel: DeliveryChannel, rules: dict[str, Any]) -> None:
        self.channel = channel
        self._rest = timedelta(seconds=rules["open"])
        self._memory = pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
        self._circuit = pybreaker.CircuitBreaker(
            fail_max=rules["failures"],
            reset_timeout=rules["open"],
            state_storage=self._memory,
            listeners=[_Log()],
            name=channel,
        )

    @property
    def state(self) -> BreakerState:
        """`half-open`: it was open long enough for one delivery to try."""
        if self._circuit.current_state == pybreaker.STATE_CLOSED:
            return "closed"
        opened_at = self._memory.opened_at
        resting = opened_at is not None and datetime.now(UTC) < opened_at + self._rest
        return "open" if resting else "half-open"

    def room(self, limit: int) -> int:
        """Return how many deliveries may be claimed now, `limit` at most."""
        return {"closed": limit, "half-open": 1, "open": 0}[self.state]

    def count(self, trouble: str | None) -> None:
        """Tell the breaker of a success or a failure, in the only way it listens: by a call that returns or raises."""

        def outcome() -> None:
            if trouble is not None:
                raise _Trouble(trouble)

        with suppress(_Trouble, pybreaker.CircuitBreakerError):
            self._circuit.call(outcome)


class Protected:
    """A channel behind its breaker."""

    def __init__(self, channel: Channel, breaker: Breaker) -> None:
        self.name, self.abandoned = channel.name, channel.abandoned
        self.room = breaker.room
        self._channel = channel
        self.breaker = breaker

    def send(self, batch: Sequence[Outgoing]) -> Iterator[list[Result]]:
        """Send as the channel does, up to the first trouble; what remains was not touched."""
        for results in self._channel.send(batch):
            trouble = next((outcome.error for _, outcome in results if outcome.trouble), None)
            # A number that is none says nothing of the provider, who was not asked.
            if trouble is not None or any(outcome.tried for _, outcome in results):
                self.breaker.count(trouble)
            yield results
            if trouble is not None:
                return


class _Trouble(Exception):
    """What the breaker counts."""


class _Log(pybreaker.CircuitBreakerListener):
    """Tells when a breaker opens for the first time, and when it closes; not of every try between."""

    _why: BaseException | None = None

    def failure(self, cb: pybreaker.CircuitBreaker, exc: BaseException) -> None:  # noqa: ARG002 - the base class's
        """Remember the reason."""
        self._why = exc

    def state_change(self, cb: pybreaker.CircuitBreaker, old_state: Any, new_state: Any) -> None:
        """Say so."""
        if new_state.name == pybreaker.STATE_CLOSED:
            _log.warning("%s goes out again", cb.name)
        elif old_state.name == pybreaker.STATE_CLOSED:
            _log.error("no %s goes out: %s; one delivery tries every %s s", cb.name, self._why, cb.reset_timeout)
