"""Users sign in at an identity provider; accounts are found, linked or opened."""

import eventlet
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from chassis.errors import Conflict, Forbidden, Invalid, NotFound, ServiceError, Unauthenticated
from tests.integration.conftest import Settings
from tests.integration.support.events import Listen
from tests.integration.support.identity_providers import Provider
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.identities.conftest import SignIns, kinds
from tests.integration.users.logged_in import PASSWORD, NewUser
from users import contract
from users.identities import store

CLAIMS = {"email": "Grace.Hopper@example.org", "email_verified": True, "preferred_username": "grace"}


@pytest.fixture
def grace(provider: Provider) -> str:
    """A user of the provider."""
    provider.set_user("248289761001", **CLAIMS)
    return "248289761001"


def verify_email(database: Engine, username: str) -> None:
    with database.begin() as connection:
        change = text("UPDATE users SET email_verified_at = now() WHERE username = :name")
        connection.execute(change, {"name": username})


def test_first_sign_in_opens_an_account_with_a_verified_address(
    sign_in: SignIns, users: Rpc, grace: str, listen: Listen
) -> None:
    events = listen("users")
    session = sign_in(grace, address="192.0.2.1", user_agent="curl/8.5.0")
    account = session["user"]
    assert (account["username"], account["email"]) == ("grace", "Grace.Hopper@example.org")
    assert account["email_verified_at"] is not None
    assert events.next("account_changed")["username"] == "grace"
    caller = sign_in.as_user(session)
    assert kinds(users, caller) == ["identity_linked", "signed_in", "registered"]
    signed_in = users("users.account_events", caller)["items"][1]
    assert (signed_in["address"], signed_in["user_agent"]) == ("192.0.2.1", "curl/8.5.0")


def test_second_sign_in_uses_the_same_account_whatever_its_address_is_now(
    sign_in: SignIns, users: Rpc, provider: Provider, grace: str
) -> None:
    first = sign_in(grace)
    provider.set_user(grace, email="other@example.org", email_verified=False)
    second = sign_in(grace)
    assert second["user"]["id"] == first["user"]["id"]
    (identity,) = users("users.identities", sign_in.as_user(second))["items"]
    assert identity["last_used_at"] > identity["created_at"]


def test_device_token_of_a_sign_in_stays_valid(sign_in: SignIns, grace: str) -> None:
    first = sign_in(grace)
    assert sign_in(grace, device_token=first["device_token"])["device_token"] == first["device_token"]
    assert sign_in(grace, device_token="invented")["device_token"] != "invented"


def test_account_of_a_provider_has_no_password_until_a_reset(sign_in: SignIns, users: Rpc, grace: str) -> None:
    caller = sign_in.as_user(sign_in(grace))
    assert users("users.identities", caller)["has_password"] is False
    with pytest.raises(Unauthenticated):
        users("users.login", username="grace", password=PASSWORD)


@pytest.mark.parametrize("claims", [{}, {"email_verified": False}, {"email_verified": "true"}, {"email_verified": 1}])
def test_address_that_the_provider_has_not_verified_opens_and_links_nothing(
    sign_in: SignIns, provider: Provider, new_user: NewUser, database: Engine, claims: dict[str, object]
) -> None:
    new_user("grace")
    verify_email(database, "grace")
    for email in ("grace@example.org", "unknown@example.org"):
        provider.set_user("s1", email=email, **claims)
        with pytest.raises(Forbidden) as caught:
            sign_in("s1")
        assert caught.value.code == "identity_without_email"


def test_account_with_the_same_verified_address_is_linked(
    sign_in: SignIns, users: Rpc, provider: Provider, new_user: NewUser, database: Engine
) -> None:
    ada = new_user("ada")
    verify_email(database, "ada")
    provider.set_user("s1", email="ADA@example.org", email_verified=True)
    session = sign_in("s1")
    assert session["user"]["id"] == ada.id
    assert kinds(users, ada.caller)[:2] == ["identity_linked", "signed_in"]
    users("users.login", username="ada", password=PASSWORD)
    assert users("users.identities", ada.caller)["has_password"] is True


def test_account_whose_address_nobody_verified_is_not_linked(
    sign_in: SignIns, users: Rpc, provider: Provider, new_user: NewUser
) -> None:
    """Its registrar, who may not own the address, would keep access."""
    ada = new_user("ada", verified=False)
    provider.set_user("s1", email="ada@example.org", email_verified=True)
    with pytest.raises(Conflict) as caught:
        sign_in("s1")
    assert caught.value.code == "email_not_verified"
    assert users("users.identities", ada.caller)["items"] == []
    users("users.login", username="ada", password=PASSWORD)


def test_registrar_who_changes_to_a_foreign_address_is_not_linked(
    sign_in: SignIns, users: Rpc, provider: Provider, new_user: NewUser, database: Engine
) -> None:
    mallory = new_user("mallory")
    verify_email(database, "mallory")
    users("users.update_account", mallory.caller, email="victim@example.org")
    provider.set_user("s1", email="victim@example.org", email_verified=True)
    with pytest.raises(Conflict):
        sign_in("s1")


def test_address_that_its_owner_can_restore_is_taken(
    sign_in: SignIns, users: Rpc, provider: Provider, new_user: NewUser
) -> None:
    ada = new_user("ada")
    users("users.update_account", ada.caller, email="thief@example.org")
    provider.set_user("s1", email="ada@example.org", email_verified=True)
    with pytest.raises(Conflict) as caught:
        sign_in("s1")
    assert caught.value.code == "email_taken"


@pytest.fixture
def ada_at_provider(provider: Provider, new_user: NewUser, database: Engine) -> str:
    """A user of the provider, who has an account with the same verified address."""
    new_user("ada")
    verify_email(database, "ada")
    provider.set_user("s1", email="ada@example.org", email_verified=True)
    return "s1"


@pytest.mark.parametrize("linked", [True, False])
def test_closed_account_gets_the_answer_of_a_login(
    sign_in: SignIns,
    users: Rpc,
    ada_at_provider: str,
    linked: bool,  # noqa: FBT001 - a case
) -> None:
    if linked:
        sign_in(ada_at_provider)
    users("users.set_active", OPERATOR, username="ada", is_active=False)
    with pytest.raises(Unauthenticated) as caught:
        sign_in(ada_at_provider)
    assert caught.value.code == "bad_credentials"


def test_taken_user_name_is_made_unique(sign_in: SignIns, provider: Provider, new_user: NewUser) -> None:
    new_user("grace")
    provider.set_user("s1", email="gh@example.org", email_verified=True, preferred_username="Grace")
    username = sign_in("s1")["user"]["username"]
    assert username.startswith("Grace_")
    provider.set_user("s2", email="Grace@example.com", email_verified=True)
    assert sign_in("s2")["user"]["username"] not in {"grace", "Grace", username}


def test_international_domain_is_accepted_and_a_non_ascii_local_part_is_refused(
    sign_in: SignIns, provider: Provider
) -> None:
    provider.set_user("s1", email="ada@bücher.example.org", email_verified=True)
    assert sign_in("s1")["user"]["email"] == "ada@bücher.example.org"
    provider.set_user("s2", email="ü@example.org", email_verified=True)
    with pytest.raises(Forbidden) as caught:
        sign_in("s2")
    assert caught.value.code == "email_not_usable"


@pytest.mark.parametrize(
    ("registration", "code"), [("invite", "invitation_required"), ("closed", "registration_closed")]
)
def test_no_account_is_opened_where_registration_is_not_open(
    settings: Settings, request: pytest.FixtureRequest, grace: str, registration: str, code: str
) -> None:
    settings["users"]["registration"] = registration
    sign_in: SignIns = request.getfixturevalue("sign_in")
    with pytest.raises(Forbidden) as caught:
        sign_in(grace)
    assert caught.value.code == code


def test_state_is_used_up_by_a_session(sign_in: SignIns, grace: str) -> None:
    finish = sign_in.begin(grace)
    sign_in.finish(finish)
    with pytest.raises(Invalid) as caught:
        sign_in.finish(finish)
    assert caught.value.code == "bad_state"


def test_expired_state_is_rejected(sign_in: SignIns, users: Rpc, grace: str, database: Engine) -> None:
    finish = sign_in.begin(grace)
    with database.begin() as connection:
        connection.execute(text("UPDATE provider_sign_ins SET expires_at = now() - interval '1 second'"))
    with pytest.raises(Invalid, match="state"):
        sign_in.finish(finish)
    assert users("users.begin_provider_sign_in")["expires_at"]


@pytest.mark.parametrize("given", [{"state": "invented"}, {"code": "invented"}])
def test_invented_state_or_code_is_rejected(sign_in: SignIns, grace: str, given: dict[str, str]) -> None:
    finish = sign_in.begin(grace)
    with pytest.raises(Invalid):
        sign_in.finish(finish | given)


def test_code_of_another_sign_in_is_rejected_by_pkce(sign_in: SignIns, provider: Provider, grace: str) -> None:
    provider.set_user("attacker", email="mallory@example.org", email_verified=True)
    victim, attacker = sign_in.begin(grace), sign_in.begin("attacker")
    with pytest.raises(Invalid) as caught:
        sign_in.finish({"state": victim["state"], "code": attacker["code"]})
    assert caught.value.code == "identity_code_rejected"


def test_concurrent_finishes_of_one_state_start_one_session(sign_in: SignIns, grace: str, database: Engine) -> None:
    finish = sign_in.begin(grace)

    def outcome() -> str:
        try:
            sign_in.finish(finish)
        except ServiceError as error:
            return error.code
        return "ok"

    results = [eventlet.spawn(outcome) for _ in range(4)]
    assert sorted(result.wait() for result in results) == ["bad_state", "bad_state", "bad_state", "ok"]
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM sessions")) == 1


def test_concurrent_first_sign_ins_open_one_account(sign_in: SignIns, grace: str, database: Engine) -> None:
    begun = [sign_in.begin(grace) for _ in range(4)]
    sessions = [eventlet.spawn(sign_in.finish, finish) for finish in begun]
    assert len({session.wait()["user"]["id"] for session in sessions}) == 1
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM users")) == 1
        assert connection.scalar(text("SELECT count(*) FROM identities")) == 1


def test_concurrent_identities_with_one_address_share_one_account(
    sign_in: SignIns, provider: Provider, database: Engine
) -> None:
    for number in range(4):
        provider.set_user(f"s{number}", email="shared@example.org", email_verified=True)
    begun = [sign_in.begin(f"s{number}") for number in range(4)]
    sessions = [eventlet.spawn(sign_in.finish, finish) for finish in begun]
    assert len({session.wait()["user"]["id"] for session in sessions}) == 1
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM identities")) == 4


def test_expired_sign_ins_are_deleted(sign_in: SignIns, users: Rpc, grace: str, database: Engine) -> None:
    sign_in.begin(grace)
    with database.begin() as connection:
        connection.execute(text("UPDATE provider_sign_ins SET expires_at = now() - interval '1 second'"))
    kept = contract.token_hash(users("users.begin_provider_sign_in")["state"])
    with Session(database) as session, session.begin():
        assert store.delete_old(session, 10) == 1
        assert session.scalar(text("SELECT state_hash FROM provider_sign_ins")) == kept


def test_without_a_provider_both_calls_answer_not_found(settings: Settings, request: pytest.FixtureRequest) -> None:
    settings["users"]["identity_provider"]["issuer"] = ""
    users: Rpc = request.getfixturevalue("users")
    for target, arguments in (
        ("users.begin_provider_sign_in", {}),
        ("users.finish_provider_sign_in", {"state": "s", "code": "c"}),
    ):
        with pytest.raises(NotFound) as caught:
            users(target, **arguments)
        assert caught.value.code == "identity_provider_not_configured"
