"""Every write of users that is delivered twice replies the same and is done once."""

from collections.abc import Callable
from dataclasses import dataclass

import pyotp
import pytest
from sqlalchemy import Engine, select, text

from chassis import clock
from chassis.db.tables import handled_requests
from tests.integration.conftest import Settings
from tests.integration.support.identity_providers import Provider
from tests.integration.support.repetition import Call, require_same_reply_and_state
from tests.integration.support.rpc import GATEWAY, OPERATOR, Rpc
from tests.integration.users.addresses.test_restore_address import Change, Notices, change, notices  # noqa: F401
from tests.integration.users.codes.conftest import Issued, issued, new_unverified, rested  # noqa: F401
from tests.integration.users.identities.conftest import (  # noqa: F401 - fixtures
    SignIns,
    hostile,
    hostile_process,
    provider,
    settings,
    sign_in,
)
from tests.integration.users.logged_in import NEW_PASSWORD, PASSWORD, PHONE, STAFF, WRONG_PASSWORD, NewUser, User
from users.models import User as UserRow


@dataclass
class World:
    """Ada, and what the calls need."""

    users: Rpc
    ada: User
    new_unverified: NewUser
    issued: Issued
    sign_in: SignIns
    change: Change
    database: Engine
    settings: Settings

    def code(self) -> str:
        (found,) = self.issued()
        return str(found["code"])

    def recovery_code(self) -> str:
        """Add a second factor to ada's account; return a code that replaces the app."""
        secret = self.users("users.begin_second_factor", self.ada.caller, password=PASSWORD)["secret"]
        code = pyotp.TOTP(secret).at(clock.now())
        return str(self.users("users.confirm_second_factor", self.ada.caller, code=code)["recovery_codes"][0])

    def link(self) -> str:
        """Link an identity to ada's account; return its id."""
        begun = self.sign_in.begin("s1", self.ada.caller, link=True)
        self.sign_in.finish(begun, self.ada.caller)
        (identity,) = self.users("users.identities", self.ada.caller)["items"]
        return str(identity["id"])

    def fail_login(self) -> None:
        with pytest.raises(Exception, match="bad_credentials"):
            self.users("users.login", username="ada", password=WRONG_PASSWORD, address="192.0.2.9")


@pytest.fixture
def world(
    users: Rpc,
    ada: User,
    new_unverified: NewUser,  # noqa: F811
    issued: Issued,  # noqa: F811
    sign_in: SignIns,  # noqa: F811
    change: Change,  # noqa: F811
    database: Engine,
    settings: Settings,  # noqa: F811
    provider: Provider,  # noqa: F811
) -> World:
    provider.set_user("s1", email="grace@example.org", email_verified=True, preferred_username="grace")
    return World(users, ada, new_unverified, issued, sign_in, change, database, settings)


def register(_: World) -> Call:
    return GATEWAY, {"username": "ben", "email": "ben@example.org", "password": PASSWORD}


def login(_: World) -> Call:
    return GATEWAY, {"username": "ada", "password": PASSWORD, "address": "192.0.2.7"}


def login_with_codes(world: World) -> Call:
    otp = world.recovery_code()
    world.users("users.request_login_code", username="ada", address="192.0.2.7")
    caller, fields = login(world)
    return caller, fields | {"code": world.code(), "otp": otp}


def login_beyond_the_limit(world: World) -> Call:
    for _ in range(world.settings["users"]["session"]["per_user"]):
        world.users("users.login", username="ada", password=PASSWORD)
    return login(world)


def request_verification(world: World) -> Call:
    return world.new_unverified("ben").caller, {"channel": "email"}


def confirm_verification(world: World) -> Call:
    ben = world.new_unverified("ben")
    world.users("users.request_verification", ben.caller, channel="email")
    return ben.caller, {"channel": "email", "code": world.code()}


def confirm_password_reset(world: World) -> Call:
    world.users("users.request_password_reset", username="ada")
    return GATEWAY, {"username": "ada", "code": world.code(), "password": NEW_PASSWORD}


def confirm_second_factor(world: World) -> Call:
    secret = world.users("users.begin_second_factor", world.ada.caller, password=PASSWORD)["secret"]
    return world.ada.caller, {"code": pyotp.TOTP(secret).at(clock.now())}


def remove_second_factor(world: World) -> Call:
    return world.ada.caller, {"password": PASSWORD, "code": world.recovery_code()}


def reset_second_factor(world: World) -> Call:
    world.recovery_code()
    return OPERATOR, {"username": "ada"}


def remove_identity(world: World) -> Call:
    return world.ada.caller, {"id": world.link()}


def reactivate(world: World) -> Call:
    world.users("users.deactivate", STAFF, id=world.ada.id)
    return STAFF, {"id": world.ada.id}


def unlock(world: World) -> Call:
    world.fail_login()
    return OPERATOR, {"username": "ada"}


def unsubscribe(world: World) -> Call:
    with world.database.connect() as connection:
        token = connection.scalar(select(UserRow.unsubscribe_token).where(UserRow.id == world.ada.id))
    return GATEWAY, {"token": token, "channel": "email"}


def opt_out(world: World) -> Call:
    world.users("users.update_account", world.ada.caller, phone=PHONE, notify_by=["sms"])
    return GATEWAY, {"phone": PHONE, "channel": "sms"}


# The methods that write, each with calls. `authenticate` and `authenticate_all` write only when a session was used.
WRITES: dict[str, list[Callable[[World], Call]]] = {
    "register": [register],
    "invite": [lambda _: (STAFF, {})],
    "update_account": [
        lambda world: (world.ada.caller, {"username": "augusta", "email": "augusta@example.org"}),
        lambda world: (world.ada.caller, {"password": NEW_PASSWORD, "current_password": PASSWORD}),
    ],
    "delete_account": [lambda world: (world.ada.caller, {"password": PASSWORD})],
    "opt_out": [opt_out],
    "unsubscribe": [unsubscribe],
    "restore_address": [lambda world: (GATEWAY, {"token": world.change()})],
    "request_verification": [request_verification],
    "confirm_verification": [confirm_verification],
    "request_password_reset": [lambda _: (GATEWAY, {"username": "ada"})],
    "request_login_code": [lambda _: (GATEWAY, {"username": "ada"})],
    "confirm_password_reset": [confirm_password_reset],
    "login": [login, login_with_codes, login_beyond_the_limit],
    "logout": [lambda world: (world.ada.caller, {}), lambda world: (world.ada.caller, {"everywhere": True})],
    "end_session": [lambda world: (world.ada.caller, {"id": world.ada.session_id})],
    "begin_provider_sign_in": [lambda _: (GATEWAY, {})],
    "finish_provider_sign_in": [lambda world: (GATEWAY, world.sign_in.begin("s1"))],
    "remove_identity": [remove_identity],
    "begin_second_factor": [lambda world: (world.ada.caller, {"password": PASSWORD})],
    "confirm_second_factor": [confirm_second_factor],
    "remove_second_factor": [remove_second_factor],
    "set_staff": [lambda _: (OPERATOR, {"username": "ada", "is_staff": True})],
    "set_active": [lambda _: (OPERATOR, {"username": "ada", "is_active": False})],
    "deactivate": [lambda world: (STAFF, {"id": world.ada.id})],
    "reactivate": [reactivate],
    "unlock": [unlock],
    "reset_second_factor": [reset_second_factor],
}
CALLS = [
    pytest.param(method, call, id=f"{method}-{n}") for method, calls in WRITES.items() for n, call in enumerate(calls)
]


@pytest.mark.parametrize(("method", "call"), CALLS)
def test_repeated_write_has_the_same_reply_and_no_further_effect(
    world: World, method: str, call: Callable[[World], Call]
) -> None:
    require_same_reply_and_state(world.users, world.database, f"users.{method}", call(world))


def test_code_that_is_requested_again_later_with_the_same_key_is_not_sent_again(
    users: Rpc,
    ada: User,  # noqa: ARG001 - has an account
    issued: Issued,  # noqa: F811
    rested: Callable[[], None],  # noqa: F811
) -> None:
    users("users.request_login_code", request_key="once", username="ada")
    first = issued()
    rested()
    users("users.request_login_code", request_key="once", username="ada")
    assert issued() == first
    users("users.request_login_code", request_key="again", username="ada")
    assert issued() != first


def test_repeated_logout_everywhere_does_not_end_a_later_session(users: Rpc, ada: User) -> None:
    users("users.logout", ada.caller, request_key="once", everywhere=True)
    later = users("users.login", username="ada", password=PASSWORD)
    users("users.logout", ada.caller, request_key="once", everywhere=True)
    assert len(users("users.sessions", ada.caller)["items"]) == 1
    assert later["token"]


def test_deletion_is_repeated_without_the_user_whose_session_has_ended(users: Rpc, ada: User) -> None:
    assert users("users.delete_account", ada.caller, request_key="mine", password=PASSWORD) == {}
    assert users("users.delete_account", GATEWAY, request_key="mine", password=PASSWORD) == {}


@pytest.mark.parametrize("key", ["other", None])
def test_deletion_without_a_user_is_rejected_if_it_repeats_nothing(users: Rpc, ada: User, key: str | None) -> None:
    with pytest.raises(Exception, match="invalid_token"):
        users("users.delete_account", GATEWAY, request_key=key, password=PASSWORD)
    assert users("users.detail", ada.caller, id=ada.id)


def test_secrets_in_replies_are_stored_encrypted(users: Rpc, ada: User, database: Engine) -> None:
    session = users("users.login", request_key="login", username="ada", password=PASSWORD)
    secret = users("users.begin_second_factor", ada.caller, request_key="begin", password=PASSWORD)["secret"]
    code = pyotp.TOTP(secret).at(clock.now())
    codes = users("users.confirm_second_factor", ada.caller, request_key="confirm", code=code)["recovery_codes"]
    invitation = users("users.invite", STAFF, request_key="invite")["invitation"]
    with database.connect() as connection:
        stored = str(connection.execute(select(handled_requests.c.reply)).all())
        assert connection.scalar(text("SELECT count(*) FROM handled_requests")) == 4
    found = [one for one in (session["token"], session["device_token"], secret, *codes, invitation) if one in stored]
    assert found == []
