"""Limits consecutive wrong passwords (NIST SP 800-63B, section 5.2.2).

An attempt is counted as failed before the password is compared, so that neither concurrent attempts nor crashes escape
the limit; the right password resets the count. While attempts are rejected no password is compared, so the reply does
not reveal whether it was right.

Failures are counted by subject: a text with the kind of subject and an id.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import TooManyRequests
from users.credentials import failed_logins_store

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
class LoginLimits:
    """The limits for an account and for a client's address."""

    account: FailureLimit
    address: FailureLimit


def limits_from_config(settings: dict[str, Any]) -> LoginLimits:
    """Read the settings `users.login`."""
    return LoginLimits(*(FailureLimit(**settings[kind], **settings["wait"]) for kind in ("account", "address")))


def login_subject(user_id: str | None, login_key: str) -> str:
    """Return the subject of logins to an account, whichever of its names is used, or to a name without an account."""
    digest = hashlib.blake2b(login_key.encode(), digest_size=16).hexdigest()  # always: both cases take as long
    return f"account:{user_id or digest}"


def session_subject(user_id: str) -> str:
    """Return the subject of a user with a session, which logins of others do not affect."""
    return f"session:{user_id}"


def account_subjects(user_id: str) -> list[str]:
    """Return all subjects of an account."""
    return [login_subject(user_id, ""), session_subject(user_id)]


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
        raise TooManyRequests("There were many wrong passwords; wait a little.", None, (), seconds)
    wait = limit.wait(failures)
    if wait:
        failed_logins_store.close_until(session, subject, now + timedelta(seconds=wait))
