"""What came of an attempt to deliver, and what follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from notifications.contract import DeliveryStatus

JITTER = 0.2  # of a delay, either way, so that what failed together does not come back together


@dataclass(frozen=True, slots=True)
class Outcome:
    """The status a delivery gets now. `pending` is tried again after `delay` seconds.

    `error` is stored and shown: it never holds an address. `tried` is false where nothing went out, and the attempt
    does not count. `trouble` says that the provider, not this delivery, is to blame: it is told to the breaker.
    """

    status: DeliveryStatus
    error: str | None = None
    provider_id: str | None = None
    delay: float = 0
    tried: bool = True
    trouble: bool = False


def sent(provider_id: str | None = None) -> Outcome:
    """Tell that the provider took it."""
    return Outcome("sent", provider_id=provider_id)


def transient(error: str, delay: float = 0, *, trouble: bool = False) -> Outcome:
    """Tell that nothing was delivered and another attempt may do: after the usual delay, or a longer one."""
    return Outcome("pending", error, delay=delay, trouble=trouble)


def away(error: str) -> Outcome:
    """Tell that nothing went out, because the provider is not there or takes nothing from us; it is due at once.

    The attempt does not count, so an outage of any length costs no delivery.
    """
    return Outcome("pending", error, tried=False, trouble=True)


def failed(error: str) -> Outcome:
    """Tell that another attempt would fail just the same."""
    return Outcome("failed", error)


def unusable(error: str) -> Outcome:
    """Tell that the address is none, so that the provider was not even asked."""
    return Outcome("failed", error, tried=False)


def unknown(error: str, *, trouble: bool = False) -> Outcome:
    """Tell that it may have been delivered, so it is never sent again by itself."""
    return Outcome("unknown", error, trouble=trouble)


def cancelled(reason: str) -> Outcome:
    """Tell that it must not be sent (any more)."""
    return Outcome("cancelled", reason, tried=False)


def untouched() -> Outcome:
    """Tell that it was claimed and nobody came to it; it is due at once."""
    return Outcome("pending", tried=False)


def after_attempt(outcome: Outcome, attempt: int, backoff: Sequence[float], chance: float) -> Outcome:
    """Fill in the delay before the next attempt, or give up: `attempt` counts from 1, `chance` is from 0 to 1."""
    if outcome.status != "pending" or not outcome.tried:
        return outcome
    if attempt > len(backoff):
        return replace(outcome, status="failed", delay=0)
    delay = max(outcome.delay, backoff[attempt - 1])
    return replace(outcome, delay=delay * (1 - JITTER + 2 * JITTER * chance))
