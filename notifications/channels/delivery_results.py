"""Results of an attempt to deliver, and the retry policy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from notifications.contract import DeliveryStatus

JITTER = 0.2  # of a delay, either way: deliveries that failed together are not retried together


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """The next status of a delivery. `pending` is attempted again after `delay` seconds.

    `error` is stored and visible to users, so it never contains an address. With `attempted` false nothing was sent,
    and the attempt does not count. `provider_error` means that the provider, not this delivery, caused the error; the
    circuit breaker counts it.
    """

    status: DeliveryStatus
    error: str | None = None
    provider_id: str | None = None
    delay: float = 0
    attempted: bool = True
    provider_error: bool = False


def sent(provider_id: str | None = None) -> DeliveryResult:
    """Return the result of a message that the provider accepted."""
    return DeliveryResult("sent", provider_id=provider_id)


def transient(error: str, delay: float = 0, *, provider_error: bool = False) -> DeliveryResult:
    """Return a failure that a later attempt may resolve, after the usual delay or at least `delay` seconds."""
    return DeliveryResult("pending", error, delay=delay, provider_error=provider_error)


def unavailable(error: str) -> DeliveryResult:
    """Return the result when the provider is unavailable or rejects every message: nothing was sent, retry at once.

    The attempt does not count, so that no delivery fails because of an outage.
    """
    return DeliveryResult("pending", error, attempted=False, provider_error=True)


def failed(error: str) -> DeliveryResult:
    """Return a permanent failure."""
    return DeliveryResult("failed", error)


def invalid_address(error: str) -> DeliveryResult:
    """Return the permanent failure of an address that is not valid; the provider was not called."""
    return DeliveryResult("failed", error, attempted=False)


def unknown(error: str, *, provider_error: bool = False) -> DeliveryResult:
    """Return the result of a message that may have been delivered; it is never resent automatically."""
    return DeliveryResult("unknown", error, provider_error=provider_error)


def cancelled(reason: str) -> DeliveryResult:
    """Return the result of a message that must not be sent."""
    return DeliveryResult("cancelled", reason, attempted=False)


def not_attempted() -> DeliveryResult:
    """Return the result of a claimed delivery that was not attempted; it is due at once."""
    return DeliveryResult("pending", attempted=False)


def after_attempt(result: DeliveryResult, attempt: int, backoff: Sequence[float], random: float) -> DeliveryResult:
    """Set the delay of a transient failure, or fail after the last attempt.

    `attempt` counts from 1, `backoff` has the seconds after each attempt, `random` is from 0 to 1.
    """
    if result.status != "pending" or not result.attempted:
        return result
    if attempt > len(backoff):
        return replace(result, status="failed", delay=0)
    delay = max(result.delay, backoff[attempt - 1])
    return replace(result, delay=delay * (1 - JITTER + 2 * JITTER * random))
