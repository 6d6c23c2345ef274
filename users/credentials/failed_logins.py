"""Limits wrong passwords (NIST SP 800-63B, section 5.2.2).

An attempt is counted as failed before the password is compared, so that neither concurrent attempts nor crashes escape
the limit; the right password resets the count. While attempts are rejected no password is compared, so the reply does
not reveal whether it was right.

Failures are counted by subject: a text with the kind of subject and an id.
"""

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import TooManyRequests
from users.contract import CodePurpose, errors
from users.credentials import failed_logins_store

DAY = timedelta(days=1)
UNKNOWN = {"free": 10, "longest": 7200}

_MAX_DOUBLINGS = 32  # enough to reach any `longest`


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """After `free` failures the next attempt must wait: `first` seconds, then twice as long each time, up to `longest`.

    After `most` failures all attempts are rejected; None: never.
    """

    free: int
    first: int
    longest: int
    most: int | None = None

    def wait(self, failures: int) -> int:
        """Return the seconds between this number of failures and the next attempt."""
        if failures < self.free:
            return 0
        return min(self.longest, self.first << min(failures - self.free, _MAX_DOUBLINGS))


@dataclass(frozen=True, slots=True)
class FailureBudget:
    """Fewer than `most` failures in any 24 hours: half of them at once, the others one by one as time passes."""

    most: int

    @property
    def at_once(self) -> int:
        """The failures that are possible at once."""
        return max(1, self.most // 2)

    @property
    def interval(self) -> timedelta:
        """The time after which one more is possible."""
        return DAY / max(1, self.most - self.at_once - 1)


CODES = FailureBudget(30)  # wrong digits of an account's one-time codes


@dataclass(frozen=True, slots=True)
class LoginLimits:
    """Who may fail how often."""

    known: FailureLimit  # a known device or address at its account
    unknown: FailureLimit  # an unknown address at one account
    account: FailureBudget  # all unknown addresses together at one account
    address: FailureLimit  # an address at all accounts
    session: FailureLimit  # a user in their sessions


def limits_from_config(settings: dict[str, Any]) -> LoginLimits:
    """Read the settings `users.login`; those of 0.1.0 have no `unknown`.

    `most` limits all guesses at an account that need no session, so wrong passwords get what codes leave of it.
    """
    account, wait = settings["account"], settings["wait"]
    known = FailureLimit(account["free"], **wait)
    return LoginLimits(
        known=known,
        unknown=FailureLimit(**wait | settings.get("unknown", UNKNOWN)),
        account=FailureBudget(max(1, account["most"] - CODES.most)),
        address=FailureLimit(**settings["address"], **wait),
        session=replace(known, most=account["most"]),
    )


def login_subject(account: str) -> str:
    """Return the subject of all unknown clients at an account."""
    return f"account:{account}"


def session_subject(user_id: str) -> str:
    """Return the subject of a user with a session, which logins of others do not affect."""
    return f"session:{user_id}"


def code_subject(user_id: str) -> str:
    """Return the subject of a user who enters codes of the second factor in a session."""
    return f"code:{user_id}"


def one_time_code_subject(account: str, purpose: CodePurpose) -> str:
    """Return the subject of all clients that enter one-time codes of an account.

    Codes that need no session are counted together, and apart from the others: clients without a session cannot use up
    those.
    """
    kind = "anyone" if purpose in {"reset_password", "sign_in"} else purpose
    return f"code-guesses:{account}:{kind}"


def address_subject(address: str) -> str:
    """Return the subject of a client's address."""
    return f"address:{address}"


def count_failure(session: Session, limit: FailureLimit, subject: str) -> None:
    """Count a failure. Raises TooManyRequests if attempts are rejected; the rollback then undoes the count."""
    now = clock.now()
    failures, open_at = failed_logins_store.increment(session, subject, now)
    if limit.most is not None and failures > limit.most:
        raise TooManyRequests("There were too many wrong passwords.", "too_many_failures", (), limit.longest)
    if open_at is not None and open_at > now:
        seconds = math.ceil((open_at - now).total_seconds())
        raise errors.wait_after_wrong_passwords(seconds)
    wait = limit.wait(failures)
    if wait:
        failed_logins_store.close_until(session, subject, now + timedelta(seconds=wait))


def take(session: Session, budget: FailureBudget, subject: str) -> int:
    """Count against a budget; if it is used up, return the seconds until one is given back, otherwise 0.

    The caller then rolls back, which undoes the count. `since` is the time up to which failures were given back.
    """
    now = clock.now()
    failures, since = failed_logins_store.increment_since(session, subject, now)
    returned = (now - since) // budget.interval
    if returned >= failures - 1:
        failures, since = 1, now
    else:
        failures, since = failures - returned, since + returned * budget.interval
    if failures > budget.at_once:
        return math.ceil((since + budget.interval - now).total_seconds())
    failed_logins_store.set_count(session, subject, failures, since)
    return 0
