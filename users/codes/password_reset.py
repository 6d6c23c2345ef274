"""Resets forgotten passwords by a code to the account's e-mail address or phone number.

The answer to a request is the same for known and unknown names, and so are the statements: a code is issued in both
cases. One for an unknown name, a closed account or an address that is not verified goes nowhere.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from users import contract, history, names, store
from users.codes import issuing
from users.codes import store as codes_store
from users.codes.issuing import Target
from users.contract import CodePurpose
from users.credentials import failed_logins_store, login_attempts, passwords
from users.credentials.hashing import Hasher
from users.models import User
from users.sessions import lifecycle
from users.store import Names

PURPOSE: CodePurpose = "reset_password"
NOBODY = Names("", "", "", None)


def request(session: Session, request: contract.ClientRequestPasswordReset) -> None:
    """Issue a code. Raises TooManyRequests."""
    account, found = _find(session, request.name)
    target = Target(account, request.channel, found.address(request.channel))
    issuing.issue(session, target, PURPOSE, request.address, hide_full=True)


def confirm(db: UnitOfWork, hasher: Hasher, secrets: Sequence[str], request: contract.ConfirmPasswordReset) -> str:
    """Set a new password, end all sessions and forget wrong passwords; return the user's id. Raises Invalid."""
    passwords.validate(request.password, "", "")
    hasher.require_capacity()
    with db.write() as session:
        account, found = _find(session, request.name)
        code_id = issuing.find(session, secrets, account, PURPOSE, request.code)
    if code_id is None:
        raise issuing.wrong()
    new_hash = hasher.hash(passwords.validate(request.password, found.username, found.email))
    with issuing.using(PURPOSE), db.write() as session:
        user = store.find(session, User.id == account, lock=True)
        address = codes_store.consume(session, code_id)
        if user is None or not user.is_active or address is None or address not in {user.email, user.phone}:
            raise issuing.wrong()
        user.password_hash, user.password_changed_at = new_hash, clock.now()
        failed_logins_store.reset_account(session, user.id)
        history.record(session, user.id, "password_reset")
        lifecycle.end(session, user.id)
        return user.id


def _find(session: Session, name: str) -> tuple[str, Names]:
    """Return the account of a name, and its names; without one the account is a digest of the name."""
    key = names.login_key(name)
    digest = login_attempts.name_digest(key)  # always: both cases take as long
    found = store.names_of(session, key)
    return (found.id, found) if found else (digest, NOBODY)
