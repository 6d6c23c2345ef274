"""Who may open accounts, with invitations or without."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import eventlet
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.errors import Conflict, Forbidden
from tests.integration.conftest import Settings
from tests.integration.support.rpc import Rpc
from tests.integration.users.logged_in import PASSWORD, STAFF
from users.management import invitations
from users.models import Invitation

ADA = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
BOB = {"username": "bob", "email": "bob@example.org", "password": PASSWORD}

SetRegistration = Callable[[str], None]


@pytest.fixture
def registration(settings: Settings) -> SetRegistration:
    """Set who may open accounts."""
    return lambda value: settings["users"].update(registration=value)


@pytest.fixture
def by_invitation(registration: SetRegistration, users: Rpc) -> Rpc:
    registration("invite")
    return users


def rejection(users: Rpc, **request: Any) -> str:
    with pytest.raises(Forbidden) as caught:
        users("users.register", **request)
    return caught.value.code


def invite(users: Rpc, **request: Any) -> str:
    return str(users("users.invite", STAFF, **request)["invitation"])


@pytest.mark.parametrize("value", ["closed", "opne"])
def test_no_account_can_be_opened_unless_registration_is_open(
    users: Rpc, registration: SetRegistration, value: str
) -> None:
    invitation = invite(users)
    registration(value)
    assert rejection(users, **ADA, invitation=invitation) == "registration_closed"


def test_open_registration_ignores_invitations(users: Rpc) -> None:
    users("users.register", **ADA, invitation="-")


@pytest.mark.parametrize(("given", "code"), [({}, "invitation_required"), ({"invitation": "-"}, "invitation_invalid")])
def test_registration_without_an_invitation_is_rejected(by_invitation: Rpc, given: dict[str, str], code: str) -> None:
    assert rejection(by_invitation, **ADA, **given) == code


def test_invitation_opens_one_account(by_invitation: Rpc) -> None:
    invitation = invite(by_invitation)
    by_invitation("users.register", **ADA, invitation=invitation)
    assert rejection(by_invitation, **BOB, invitation=invitation) == "invitation_invalid"


def test_invitation_opens_one_account_in_concurrent_registrations(by_invitation: Rpc) -> None:
    invitation = invite(by_invitation)

    def register(request: dict[str, str]) -> bool:
        try:
            by_invitation("users.register", **request, invitation=invitation)
        except Forbidden:
            return False
        return True

    both = [eventlet.spawn(register, request) for request in (ADA, BOB)]
    assert sorted(one.wait() for one in both) == [False, True]


def test_rejected_registration_does_not_use_the_invitation(by_invitation: Rpc) -> None:
    by_invitation("users.register", **ADA, invitation=invite(by_invitation))
    invitation = invite(by_invitation)
    with pytest.raises(Conflict):
        by_invitation("users.register", **ADA, invitation=invitation)
    by_invitation("users.register", **BOB, invitation=invitation)


def test_invitation_for_an_address_opens_an_account_with_this_address_only(by_invitation: Rpc) -> None:
    invitation = invite(by_invitation, email="Ada@EXAMPLE.org")
    assert rejection(by_invitation, **BOB, invitation=invitation) == "invitation_invalid"
    by_invitation("users.register", **ADA, invitation=invitation)


def test_invitation_expires_after_seven_days(
    by_invitation: Rpc, databases: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    invitation = invite(by_invitation)
    later = clock.now() + invitations.LIFETIME + timedelta(seconds=1)
    database: Engine = databases.engine("users")
    with monkeypatch.context() as patch, Session(database) as session:
        patch.setattr(clock, "now", lambda: later)
        with pytest.raises(Forbidden):
            invitations.use(session, invitations.INVITE, invitation, ADA["email"])
        assert invitations.delete_old(session, 10) == 1
        assert session.scalar(select(func.count()).select_from(Invitation)) == 0
