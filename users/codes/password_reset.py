"""Resets forgotten passwords by a code to the account's e-mail address or phone number."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from users import contract
from users.accounts import history, store
from users.codes import by_name, issuing
from users.contract import CodePurpose
from users.credentials import failed_logins_store, passwords
from users.credentials.hashing import Hasher
from users.models import User
from users.sessions import lifecycle

PURPOSE: CodePurpose = "reset_password"


def confirm(
    db: UnitOfWork, hasher: Hasher, secrets: Sequence[str], request: contract.ConfirmPasswordReset
) -> contract.GetUser:
    """Set a new password, end all sessions and forget wrong passwords; return the id of the user. Raises Invalid."""
    passwords.validate(request.password, "", "")
    hasher.require_capacity()
    with db.write() as session:
        account, found = by_name.find(session, request.name)
        code_id = issuing.find(session, secrets, account, PURPOSE, request.code)
    if code_id is None:
        raise issuing.wrong()
    new_hash = hasher.hash(passwords.validate(request.password, found.username, found.email))

    def set_password(session: Session) -> contract.GetUser:
        user = store.find(session, User.id == account, lock=True)
        address = issuing.consume(session, account, PURPOSE, code_id)
        if user is None or not user.is_active:
            raise issuing.wrong()
        issuing.require_own(user, address)
        user.password_hash, user.password_changed_at = new_hash, clock.now()
        failed_logins_store.reset_account(session, user.id)
        history.record(session, user.id, "password_reset")
        lifecycle.end(session, user.id)
        return contract.GetUser(id=user.id)

    with issuing.using(PURPOSE):
        return db.once(contract.GetUser, set_password)
