"""Wrong passwords are counted, and wait for each other (NIST SP 800-63B, section 5.2.2).

An attempt is counted before its password is compared, so neither parallel guesses nor a crash get a free one; who
knew the password takes it back. While somebody has to wait, nothing is compared: no answer tells whether it was right.
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

_FAR = 32  # doublings; more are not needed to reach any `longest`


@dataclass(frozen=True, slots=True)
class Rule:
    """The first `free` failures cost nothing; then each makes the next attempt wait twice as long, in seconds.

    After `most` in a row there are no more attempts.
    """

    free: int
    first: int
    longest: int
    most: int | None = None

    def wait(self, failures: int) -> int:
        """Return the seconds between that many failures and the next attempt."""
        if failures < self.free:
            return 0
        return min(self.longest, self.first << min(failures - self.free, _FAR))


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts for an account, and what for an address."""

    account: Rule
    address: Rule


def rules(login: dict[str, Any]) -> Rules:
    """Read the `login` section of the configuration."""
    return Rules(*(Rule(**login[kind], **login["wait"]) for kind in ("account", "address")))


def at_login(user_id: str | None, key: str) -> str:
    """Name the guesses at an account by either of its names; where there is none, at the name itself."""
    digest = hashlib.blake2b(key.encode(), digest_size=16).hexdigest()  # in any case: it is to take as long
    return f"account:{user_id or digest}"


def within_session(user_id: str) -> str:
    """Name the guesses of somebody who is signed in: strangers cannot use them up."""
    return f"session:{user_id}"


def at_account(user_id: str) -> list[str]:
    """Name all guesses at an account."""
    return [at_login(user_id, ""), within_session(user_id)]


def from_address(address: str) -> str:
    """Name the guesses that come from a client's address."""
    return f"address:{address}"


def count(session: Session, rule: Rule, subject: str) -> None:
    """Count an attempt as a failure, or raise TooManyRequests, with which the transaction forgets it."""
    moment = clock.now()
    failures, open_at = failed_logins_store.add(session, subject, moment)
    if rule.most is not None and failures > rule.most:
        raise TooManyRequests("There were too many wrong passwords.", "too_many_failures", (), rule.longest)
    if open_at is not None and open_at > moment:
        left = math.ceil((open_at - moment).total_seconds())
        raise TooManyRequests("There were many wrong passwords; wait a little.", None, (), left)
    wait = rule.wait(failures)
    if wait:
        failed_logins_store.close_until(session, subject, moment + timedelta(seconds=wait))
