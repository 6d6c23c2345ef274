"""What calls at the same time, long waits and other versions of the code could break."""

from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.tables import METADATA
from chassis.errors import Invalid, Unauthenticated
from tests.integration.support.databases import MARKER
from tests.integration.users.people import MakePerson, Person
from users import contract, store
from users.accounts import admin, erasure, updates
from users.accounts.updates import Change, NewPassword
from users.credentials.authentication import Proof
from users.models import Base, User, UserSession
from users.sessions import lifecycle
from users.sessions.lifecycle import Lives

DAY = timedelta(days=1)
LIVES = Lives(30 * DAY, 14 * DAY, timedelta(minutes=1))
REQUEST = contract.SignIn(username="ada", password="a bench of stone")


def proof_of(session: Session, person: Person) -> Proof:
    user = store.get(session, User.id == person.id)
    return Proof(user.id, user.password_changed_at, None)


def test_a_password_that_was_changed_meanwhile_starts_no_session(person: MakePerson, database: Engine) -> None:
    ada = person("ada")
    with Session(database) as session:
        proof = proof_of(session, ada)
        updates.apply(session, ada.caller, Change({}, NewPassword("hash", proof.password_changed_at)))
        with pytest.raises(Unauthenticated, match="bad_credentials"):
            lifecycle.start(session, REQUEST, proof, LIVES)


def test_an_account_that_was_closed_meanwhile_starts_no_session(person: MakePerson, database: Engine) -> None:
    ada = person("ada")
    with Session(database) as session:
        proof = proof_of(session, ada)
        admin.set_active(session, User.id == ada.id, is_active=False)
        with pytest.raises(Unauthenticated, match="bad_credentials"):
            lifecycle.start(session, REQUEST, proof, LIVES)


def test_an_account_that_was_deleted_meanwhile_starts_no_session(person: MakePerson, database: Engine) -> None:
    ada = person("ada")
    with Session(database) as session:
        proof = proof_of(session, ada)
        erasure.erase(session, ada.id, proof.password_changed_at)
        with pytest.raises(Unauthenticated, match="bad_credentials"):
            lifecycle.start(session, REQUEST, proof, LIVES)


def test_a_password_that_was_changed_meanwhile_deletes_no_account(person: MakePerson, database: Engine) -> None:
    ada = person("ada")
    with Session(database) as session:
        proven = proof_of(session, ada).password_changed_at
        updates.apply(session, ada.caller, Change({}, NewPassword("hash", proven)))
        with pytest.raises(Invalid, match="password"):
            erasure.erase(session, ada.id, proven)


def test_of_two_changes_of_one_password_at_a_time_one_is_made(person: MakePerson, database: Engine) -> None:
    ada = person("ada")
    with Session(database) as session:
        change = Change({}, NewPassword("hash", proof_of(session, ada).password_changed_at))
        updates.apply(session, ada.caller, change)
        with pytest.raises(Invalid, match="current_password"):
            updates.apply(session, ada.caller, change)


def test_sessions_are_forgotten_a_month_after_their_end_and_not_before(
    person: MakePerson, sign_in: MakePerson, database: Engine
) -> None:
    people = [person("ada"), *(sign_in("ada") for _ in range(4))]
    month, day = 30 * DAY, DAY
    with Session(database) as session:
        revoked, revoked_lately, expired, expired_lately, _live = (
            session.get_one(UserSession, person.caller.session) for person in people
        )
        revoked.revoked_at = expired.expires_at = clock.now() - month - day
        revoked_lately.revoked_at = expired_lately.expires_at = clock.now() - month + day
        gone = {revoked.id, expired.id}
        before = set(session.scalars(select(UserSession.id)))
        store.forget_sessions(session, limit=1)
        assert session.scalar(select(func.count()).select_from(UserSession)) == 4
        store.forget_sessions(session, limit=10)
        assert before - set(session.scalars(select(UserSession.id))) == gone


def test_migrations_make_what_the_models_describe(database: Engine) -> None:
    with database.connect() as connection:
        differences = compare_metadata(
            MigrationContext.configure(
                connection, opts={"compare_type": True, "include_name": lambda name, *_: name != MARKER}
            ),
            [Base.metadata, METADATA],  # type: ignore[arg-type]  # alembic's types do not know that it takes several
        )
    assert differences == []
