"""Who knows the password: at login, and of those who are signed in once more before what cannot be undone."""

from dataclasses import dataclass
from datetime import datetime

from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Unauthenticated
from users import contract, names, store
from users.credentials import failed_logins, failed_logins_store, passwords
from users.credentials.failed_logins import Rule, Rules
from users.credentials.hashing import Hasher
from users.models import User


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody knew the password that was set at this moment."""

    user_id: str
    password_changed_at: datetime
    new_hash: str | None  # where the parameters of hashing have changed


def at_login(db: UnitOfWork, hasher: Hasher, rules: Rules, request: contract.SignIn) -> Proof:
    """Compare the password, or raise: an account that is not there takes as long and says the same."""
    hasher.refuse_if_full()
    key = names.login_key(request.name)
    with db.write() as session:
        known = store.credentials(session, key)
        failed_logins.count(session, rules.account, failed_logins.at_login(known.id if known else None, key))
        if request.address:
            failed_logins.count(session, rules.address, failed_logins.from_address(request.address))
    current = known.password_hash if known and known.is_active else None
    if not hasher.matches(current, request.password) or known is None or current is None:
        raise refused()
    new_hash = hasher.hash(passwords.normal(request.password)) if hasher.is_outdated(current) else None
    return Proof(known.id, known.password_changed_at, new_hash)


def within_session(db: UnitOfWork, hasher: Hasher, rule: Rule, user_id: str, password: str) -> datetime | None:
    """Return when the password was set that somebody who is signed in knows, None if it is another."""
    hasher.refuse_if_full()
    subject = failed_logins.within_session(user_id)
    with db.write() as session:
        user = store.get(session, User.id == user_id)
        current, set_at = user.password_hash, user.password_changed_at
        failed_logins.count(session, rule, subject)
    if not hasher.matches(current, password):
        return None
    with db.write() as session:
        failed_logins_store.forgive(session, [subject])
    return set_at


def refused() -> Unauthenticated:
    """Return the one refusal for all that can be wrong at a login."""
    return Unauthenticated("User name or password is wrong.", "bad_credentials")
