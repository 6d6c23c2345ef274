"""A circuit breaker per channel: while the provider fails, no delivery is claimed."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pybreaker

from notifications.channels.interface import Channel, OutgoingMessage, SendResult
from notifications.contract import BreakerState, DeliveryChannel

_log = logging.getLogger(__name__)


class Breaker:
    """The state of one channel's circuit breaker in this process.

    `failures` consecutive errors of the provider open it. Then one delivery is tried, after the seconds in `open`, one
    for each failed try; the last repeats. So a short outage is found to be over soon, and a long one costs few tries.
    """

    def __init__(self, channel: DeliveryChannel, settings: dict[str, Any]) -> None:
        self.channel = channel
        self._storage = pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
        self._circuit = pybreaker.CircuitBreaker(
            fail_max=settings["failures"],
            state_storage=self._storage,
            listeners=[_Pauses(settings["open"]), _Logger()],
            name=channel,
        )

    @property
    def state(self) -> BreakerState:
        """The state; `half-open` lets one delivery through."""
        if self._circuit.current_state == pybreaker.STATE_CLOSED:
            return "closed"
        opened_at, pause = self._storage.opened_at, timedelta(seconds=self._circuit.reset_timeout)
        still_open = opened_at is not None and datetime.now(UTC) < opened_at + pause
        return "open" if still_open else "half-open"

    def allowed(self, limit: int) -> int:
        """Return how many deliveries may be claimed now, at most `limit`."""
        return {"closed": limit, "half-open": 1, "open": 0}[self.state]

    def send(self, channel: Channel, batch: Sequence[OutgoingMessage]) -> Iterator[list[SendResult]]:
        """Send through a channel until the first error of its provider; the rest of the batch is not attempted."""
        for results in channel.send(batch):
            errors = [result.error for _, result in results if result.provider_error]
            # A message that was not attempted is no success: the provider was not called.
            if any(result.attempted and not result.provider_error for _, result in results):
                self._count()
            if errors:
                self._count(_ProviderError(errors[0]))
            yield results
            if errors:
                return

    def _count(self, error: Exception | None = None) -> None:
        """Count a success or an error. pybreaker has no method for this: it counts calls that return or raise."""
        with suppress(_ProviderError, pybreaker.CircuitBreakerError):
            self._circuit.call(_return_or_raise, error)


class _ProviderError(Exception):
    """The error that the breaker counts."""


def _return_or_raise(error: Exception | None) -> None:
    if error is not None:
        raise error


class _Pauses(pybreaker.CircuitBreakerListener):
    """Sets how long the breaker stays open."""

    def __init__(self, pauses: Sequence[float]) -> None:
        self._pauses = pauses
        self._failed = 0  # tries in this outage

    def state_change(self, cb: pybreaker.CircuitBreaker, old_state: Any, new_state: Any) -> None:
        """Choose the next pause when it opens, and start again when it closes."""
        if new_state.name == pybreaker.STATE_OPEN:
            self._failed += old_state.name == pybreaker.STATE_HALF_OPEN
            cb.reset_timeout = self._pauses[min(self._failed, len(self._pauses) - 1)]
        elif new_state.name == pybreaker.STATE_CLOSED:
            self._failed = 0


class _Logger(pybreaker.CircuitBreakerListener):
    """Logs when a breaker opens for the first time, and when it closes; not the failed tries between."""

    _error: BaseException | None = None

    def failure(self, cb: pybreaker.CircuitBreaker, exc: BaseException) -> None:  # noqa: ARG002 - pybreaker's signature
        """Keep the error for the log message."""
        self._error = exc

    def state_change(self, cb: pybreaker.CircuitBreaker, old_state: Any, new_state: Any) -> None:
        """Log the change."""
        if new_state.name == pybreaker.STATE_CLOSED:
            _log.warning("circuit breaker of %s closed", cb.name)
        elif old_state.name == pybreaker.STATE_CLOSED:
            _log.error("circuit breaker of %s opened: %s; next try in %s s", cb.name, self._error, cb.reset_timeout)
