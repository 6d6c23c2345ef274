"""Issues one-time codes and compares them.

A code has six digits, is valid for LIFETIME and for TRIES attempts, and is the only one of its account and purpose.
Codes are counted in any 24 hours: by account and purpose, by the address that they go to, and by the client's address.
Wrong digits are counted in any 24 hours by account (`failed_logins.CODES`).

All transactions lock the rows in the same order: the account's, those of its codes, those of failed logins.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from chassis import clock
from chassis.auth.keyring import Keyring
from chassis.db import outbox
from chassis.errors import Invalid, TooManyRequests
from chassis.ids import new_id
from users import contract, metrics
from users.codes import digits, store
from users.contract import CodeChannel, CodePurpose, errors
from users.credentials import failed_logins, failed_logins_store
from users.credentials.failed_logins import FailureBudget
from users.credentials.login_attempts import digest
from users.models import User, name_key

LIFETIME = timedelta(minutes=15)
TRIES = 5
REST = timedelta(minutes=1)  # after a code was issued, no other one is issued for so long
PER_ACCOUNT = FailureBudget(20)
PER_TARGET = FailureBudget(20)
PER_CLIENT = FailureBudget(100)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a code goes; `account` is the user's id, or a digest of a name that no account has."""

    account: str
    channel: CodeChannel
    address: str


def secrets_of(ring: Keyring) -> list[str]:
    """Return the private keys of users, the current one first."""
    return [key.text for key in ring.secrets("users")]


def issue(
    session: Session, target: Target, purpose: CodePurpose, client: str | None = None, *, hide_full: bool = False
) -> None:
    """Issue a code, unless one was issued within REST. Raises TooManyRequests.

    Known and unknown accounts cause the same statements. With `hide_full` too many codes to the address are no error,
    which would reveal whose it is, but the code goes nowhere.
    """
    issued_at = store.issued_at(session, target.account, purpose)
    if issued_at is not None and clock.now() - issued_at < REST:
        return
    _take(session, PER_ACCOUNT, f"codes:{target.account}:{purpose}", purpose)
    mailbox = f"codes-to:{digest(target.channel, _mailbox(target.address) or target.account)}"
    seconds = failed_logins.take(session, PER_TARGET, mailbox)
    if seconds and not hide_full:
        raise _too_many(purpose, seconds)
    if seconds:
        failed_logins_store.decrement(session, mailbox)
    if client is not None:
        _take(session, PER_CLIENT, f"codes-for:{client}", purpose)
    code_id, expires_at = new_id(), clock.now() + LIFETIME
    address = "" if seconds else target.address
    row = {"id": code_id, "channel": target.channel, "address": address, "expires_at": expires_at}
    store.replace(session, target.account, purpose, row)
    event = contract.CodeIssued(
        id=code_id, user_id=target.account, channel=target.channel, purpose=purpose, expires_at=expires_at
    )
    outbox.add(session, event)
    metrics.CODES.labels(purpose, "issued").inc()


def find(session: Session, secrets: Sequence[str], account: str, purpose: CodePurpose, given: str) -> str | None:
    """Count an attempt, and return the id of the code; None if the digits are wrong. Raises TooManyRequests.

    The caller commits, whatever the result is, and consumes the code with what it allows.
    """
    code = store.count_try(session, account, purpose, TRIES)
    if code is None:
        metrics.CODES.labels(purpose, "refused").inc()
        return None
    _take(session, failed_logins.CODES, failed_logins.one_time_code_subject(account, purpose), purpose)
    if not digits.match(secrets, code.id, given):
        metrics.CODES.labels(purpose, "wrong").inc()
        return None
    return code.id


@contextmanager
def using(purpose: CodePurpose) -> Iterator[None]:
    """Count a code whose digits were right: it was used, or refused by the block, which raises Invalid."""
    try:
        yield
    except Invalid:
        metrics.CODES.labels(purpose, "refused").inc()
        raise
    metrics.CODES.labels(purpose, "used").inc()


def delete_old(session: Session, limit: int) -> int:
    """Delete up to `limit` expired codes, and count them; return how many."""
    expired = store.delete_expired(session, limit)
    for purpose, number in expired.items():
        metrics.CODES.labels(purpose, "expired").inc(number)
    return expired.total()


def consume(session: Session, account: str, purpose: CodePurpose, code_id: str) -> str | None:
    """Delete a code whose digits were right, and take it from the wrong ones; return the address that it went to.

    None: the code is not there any more.
    """
    address = store.consume(session, code_id)
    failed_logins_store.decrement(session, failed_logins.one_time_code_subject(account, purpose))
    return address


def require_own(user: User, address: str | None) -> None:
    """Raise Invalid unless a code went to an address that the account still has; None: the code was not there."""
    if address is None or address not in {user.email, user.phone}:
        raise wrong()


def wrong() -> Invalid:
    """Return the error for everything that can be wrong with a code."""
    return Invalid.field("code", "is wrong, used or expired", "bad_code")


def _mailbox(address: str) -> str:
    """Return an address without what many mail servers ignore, so that other spellings are not other counts."""
    local, _, domain = name_key(address).rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}" if local else domain


def _take(session: Session, budget: FailureBudget, subject: str, purpose: CodePurpose) -> None:
    if seconds := failed_logins.take(session, budget, subject):
        raise _too_many(purpose, seconds)


def _too_many(purpose: CodePurpose, seconds: int) -> TooManyRequests:
    metrics.CODES.labels(purpose, "limited").inc()
    return errors.too_many_codes(seconds)
