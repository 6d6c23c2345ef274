"""Counts a login against the client that makes it, so that attackers do not keep out the owner.

| client | counted |
| --- | --- |
| known device: its token had a session of the account | for the device |
| known address: a session of the account began there | for the address at this account, and for the address |
| unknown | for the address at this account, for all unknown clients of the account together, and for the address |
| any client with a right code that was sent to the account | for the codes of the account |

The account is the user's id, whichever name the client writes; names without an account are counted in the same way.
"""

import hashlib
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from chassis import clock
from users.accounts.store import Credentials
from users.contract import errors
from users.credentials import devices_store, failed_logins, failed_logins_store
from users.credentials.client import Client, Recognition
from users.credentials.failed_logins import LoginLimits


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """The subjects for which a login was counted: the client's own, and those that it shares with other clients."""

    own: str | None
    shared: tuple[str, ...] = ()
    recognition: Recognition = field(default_factory=Recognition)


def count(  # noqa: PLR0913, PLR0917 - what a login consists of
    session: Session,
    limits: LoginLimits,
    request: Client,
    login_key: str,
    row: Credentials | None,
    code_subject: str | None = None,
) -> LoginAttempt:
    """Count a login as failed. Raises TooManyRequests. Known and unknown names cause the same statements.

    All logins lock the rows in the same order: the client's at the account, the account's, the address's. With
    `code_subject` the login has a right code, which was counted for it; nothing else is counted then.
    """
    name = name_digest(login_key)  # always: both cases take as long
    account, changed_at = (row.id, row.password_changed_at) if row else (name, clock.now())
    address, device = (digest(account, text or "") for text in (request.address, request.device_token))
    recognition = devices_store.recognise(session, account, address, device, changed_at)
    if code_subject:
        return LoginAttempt(None, (code_subject,), recognition)
    if recognition.device:
        own = f"device:{account}:{device}"
        failed_logins.count_failure(session, limits.known, own)
        return LoginAttempt(own, (), recognition)
    own, shared = f"client:{account}:{address}", []
    failed_logins.count_failure(session, limits.known if recognition.address else limits.unknown, own)
    if not recognition.address:
        shared.append(failed_logins.login_subject(account))
        if seconds := failed_logins.take(session, limits.account, shared[-1]):
            raise errors.too_many_failures(seconds)
    if request.address:
        shared.append(failed_logins.address_subject(request.address))
        failed_logins.count_failure(session, limits.address, shared[-1])
    return LoginAttempt(own, tuple(shared), recognition)


def undo(session: Session, attempt: LoginAttempt) -> None:
    """Do not count a login whose password was right and whose code is missing; earlier failures stay."""
    for subject in (attempt.own, *attempt.shared):
        if subject is not None:
            failed_logins_store.decrement(session, subject)


def succeeded(session: Session, attempt: LoginAttempt) -> None:
    """Reset the client's failures, and take its login from the shared counts."""
    if attempt.own is not None:
        failed_logins_store.reset(session, attempt.own)
    for subject in attempt.shared:
        failed_logins_store.decrement(session, subject)


def name_digest(login_key: str) -> str:
    """Return how a name without an account is stored."""
    return hashlib.blake2b(login_key.encode(), digest_size=16).hexdigest()


def digest(account: str, text: str) -> str:
    """Return how an address or a device token is stored: not the same at two accounts."""
    return hashlib.blake2b(text.encode(), digest_size=16, key=account.encode()).hexdigest()
