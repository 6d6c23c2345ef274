"""Counts a login against the client that makes it, so that attackers do not keep out the owner.

| client | counted |
| --- | --- |
| known device: its token had a session of the account | for the device |
| known address: a session of the account began there | for the address at this account, and for the address |
| unknown | for the address at this account, for all unknown clients of the account together, and for the address |

The account is the user's id, whichever name the client writes; names without an account are counted in the same way.
"""

import hashlib
from dataclasses import dataclass

from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import TooManyRequests
from users.credentials import devices_store, failed_logins, failed_logins_store
from users.credentials.client import Client
from users.credentials.failed_logins import LoginLimits
from users.store import Credentials


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """The subjects for which a login was counted: the client's own, and those that it shares with other clients."""

    own: str
    shared: tuple[str, ...] = ()
    known_device: bool = False


def count(
    session: Session, limits: LoginLimits, request: Client, login_key: str, row: Credentials | None
) -> LoginAttempt:
    """Count a login as failed. Raises TooManyRequests. Known and unknown names cause the same statements.

    All logins lock the rows in the same order: the client's at the account, the account's, the address's.
    """
    name = name_digest(login_key)  # always: both cases take as long
    account, changed_at = (row.id, row.password_changed_at) if row else (name, clock.now())
    address, device = (digest(account, text or "") for text in (request.address, request.device_token))
    known_address, known_device = devices_store.known(session, account, address, device, changed_at)
    if known_device:
        attempt = LoginAttempt(f"device:{account}:{device}", known_device=True)
        failed_logins.count_failure(session, limits.known, attempt.own)
        return attempt
    own, shared = f"client:{account}:{address}", []
    failed_logins.count_failure(session, limits.known if known_address else limits.unknown, own)
    if not known_address:
        shared.append(failed_logins.login_subject(account))
        if seconds := failed_logins.take(session, limits.account, shared[-1]):
            detail = "There were too many wrong passwords from unknown devices."
            raise TooManyRequests(detail, "too_many_failures", (), seconds)
    if request.address:
        shared.append(failed_logins.address_subject(request.address))
        failed_logins.count_failure(session, limits.address, shared[-1])
    return LoginAttempt(own, tuple(shared))


def undo(session: Session, attempt: LoginAttempt) -> None:
    """Do not count a login whose password was right and whose code is missing; earlier failures stay."""
    for subject in (attempt.own, *attempt.shared):
        failed_logins_store.decrement(session, subject)


def succeeded(session: Session, attempt: LoginAttempt) -> None:
    """Reset the client's failures, and take its login from the shared counts."""
    failed_logins_store.reset(session, attempt.own)
    for subject in attempt.shared:
        failed_logins_store.decrement(session, subject)


def name_digest(login_key: str) -> str:
    """Return how a name without an account is stored."""
    return hashlib.blake2b(login_key.encode(), digest_size=16).hexdigest()


def digest(account: str, text: str) -> str:
    """Return how an address or a device token is stored: not the same at two accounts."""
    return hashlib.blake2b(text.encode(), digest_size=16, key=account.encode()).hexdigest()
