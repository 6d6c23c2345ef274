"""Changes between the verification of a password and the transaction that relies on it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from chassis.errors import Invalid, Unauthenticated
from tests.integration.users.logged_in import PASSWORD, User
from users import contract, models
from users.accounts import store
from users.accounts.verification_policy import VerificationPolicy
from users.credentials.authentication import VerifiedPassword
from users.credentials.login_attempts import LoginAttempt
from users.management import admin, erasure, updates
from users.management.updates import AccountUpdate, PasswordChange
from users.sessions import lifecycle
from users.sessions.lifecycle import SessionPolicy

LIFETIMES = SessionPolicy(timedelta(days=30), timedelta(days=14), timedelta(minutes=1), per_user=100)
POLICY = VerificationPolicy(required=True)
REQUEST = contract.ClientLogin(username="ada", password=PASSWORD)


def changed_at(session: Session, user: User) -> datetime:
    return store.get(session, models.User.id == user.id).password_changed_at


def change_password(session: Session, user: User) -> None:
    change = PasswordChange("hash", changed_at(session, user))
    updates.apply(session, user.caller, AccountUpdate({}, change), POLICY)


def close(session: Session, user: User) -> None:
    admin.close(session, models.User.id == user.id)


def delete(session: Session, user: User) -> None:
    erasure.erase(session, user.id, changed_at(session, user))


@pytest.mark.parametrize("change", [change_password, close, delete])
def test_changed_account_opens_no_session(ada: User, database: Engine, change: Callable[[Session, User], None]) -> None:
    with Session(database) as session:
        verified = VerifiedPassword(ada.id, changed_at(session, ada), None, LoginAttempt("client:ada"))
        change(session, ada)
        with pytest.raises(Unauthenticated, match="bad_credentials"):
            lifecycle.start(session, REQUEST, verified, LIFETIMES)


def test_account_is_not_deleted_with_a_previous_password(ada: User, database: Engine) -> None:
    with Session(database) as session:
        verified = changed_at(session, ada)
        change_password(session, ada)
        with pytest.raises(Invalid, match="password"):
            erasure.erase(session, ada.id, verified)


def test_only_one_of_two_concurrent_password_changes_succeeds(ada: User, database: Engine) -> None:
    with Session(database) as session:
        update = AccountUpdate({}, PasswordChange("hash", changed_at(session, ada)))
        updates.apply(session, ada.caller, update, POLICY)
        with pytest.raises(Invalid, match="current_password"):
            updates.apply(session, ada.caller, update, POLICY)
