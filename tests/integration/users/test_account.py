from typing import Any

import pytest

from chassis.auth.caller import Caller
from chassis.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from chassis.ids import new_id
from tests.integration.support.events import Listen
from tests.integration.support.rpc import GATEWAY, Rpc
from tests.integration.users.people import PASSWORD, MakePerson, Person, Redis

NEW_PASSWORD = "a longer bench of stone"


def test_nothing_given_changes_nothing(users: Rpc, person: MakePerson) -> None:
    ada = person("ada")
    assert users("users.update_account", ada.caller) == ada.account


def test_what_is_given_is_changed_and_the_rest_stays(users: Rpc, person: MakePerson) -> None:
    ada = person("ada")
    changes: dict[str, Any] = {"email": "ada@example.com", "phone": "+254711000001", "notify_by": ["sms", "realtime"]}
    assert users("users.update_account", ada.caller, **changes) == ada.account | changes
    assert users("users.detail", ada.caller, id=ada.id) == ada.account | changes


def test_a_null_phone_removes_it(users: Rpc, person: MakePerson) -> None:
    ada = person("ada", phone="+254711000001")
    assert users("users.update_account", ada.caller, phone=None)["phone"] is None


@pytest.mark.parametrize("field", ["username", "email", "notify_by", "password"])
def test_a_null_is_for_the_phone_alone(users: Rpc, person: MakePerson, field: str) -> None:
    assert refused_field(users, person("ada"), **{field: None}) == field


@pytest.mark.parametrize(
    ("changes", "field"), [({"notify_by": ["sms"], "phone": None}, "notify_by"), ({"phone": None}, "phone")]
)
def test_sms_needs_a_phone_also_after_the_change(
    users: Rpc, person: MakePerson, changes: dict[str, Any], field: str
) -> None:
    ada = person("ada", phone="+254711000001", notify_by=["sms"])
    assert refused_field(users, ada, **changes) == field


@pytest.mark.parametrize("field", ["username", "email", "phone"])
def test_what_another_account_has_already_is_refused(users: Rpc, person: MakePerson, field: str) -> None:
    ben = person("ben", phone="+254711000001")
    ada = person("ada")
    with pytest.raises(Conflict, match=f"{field}_taken"):
        users(
            "users.update_account",
            ada.caller,
            **{field: ben.account[field].upper()},
            password=NEW_PASSWORD,
            current_password=PASSWORD,
        )
    assert users("users.detail", ada.caller, id=ada.id) == ada.account


def test_a_new_name_shows_at_once_and_is_told(users: Rpc, person: MakePerson, redis: Redis, listen: Listen) -> None:
    ada = person("ada")
    hear = listen("users")
    users("users.update_account", ada.caller, username="lovelace")
    assert '"username":"lovelace"' in redis.get(ada.live_key)
    assert hear.next("account_changed")["username"] == "lovelace"


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(
    users: Rpc, person: MakePerson, sign_in: MakePerson, redis: Redis, listen: Listen
) -> None:
    ada, elsewhere = person("ada"), sign_in("ada")
    hear = listen("users")
    users("users.update_account", ada.caller, password=NEW_PASSWORD, current_password=PASSWORD)
    assert hear.next("session_ended") == {"user_id": ada.id, "session_ids": [elsewhere.caller.session]}
    assert redis.get(elsewhere.live_key) == ""
    assert users("users.authenticate", token_hash=ada.token_hash)
    assert sign_in("ada", NEW_PASSWORD)
    with pytest.raises(Unauthenticated):
        sign_in("ada", PASSWORD)


def test_ones_own_name_may_be_written_otherwise(users: Rpc, person: MakePerson) -> None:
    assert users("users.update_account", person("ada").caller, username="ADA")["username"] == "ADA"


@pytest.mark.parametrize("current", [{}, {"current_password": None}, {"current_password": "a bench of wood"}])
def test_a_new_password_needs_the_current_one(
    users: Rpc, person: MakePerson, sign_in: MakePerson, current: dict[str, Any]
) -> None:
    assert refused_field(users, person("ada"), password=NEW_PASSWORD, **current) == "current_password"
    assert sign_in("ada", PASSWORD)


def test_a_new_password_follows_the_rules(users: Rpc, person: MakePerson) -> None:
    assert (
        refused_field(users, person("ada"), password="Lovelace", username="lovelace", current_password=PASSWORD)
        == "password"
    )


def test_a_repeated_change_of_password_gets_the_first_answer(users: Rpc, person: MakePerson) -> None:
    ada = person("ada")
    change = {"password": NEW_PASSWORD, "current_password": PASSWORD}
    first = users("users.update_account", ada.caller, request_key="once", **change)
    assert users("users.update_account", ada.caller, request_key="once", **change) == first


def test_an_account_is_seen_whole_by_its_owner_staff_and_operators_only(
    users: Rpc, person: MakePerson, operator: Caller
) -> None:
    ada, ben = person("ada"), person("ben")
    users("users.set_staff", operator, username="BEN", is_staff=True)
    staff = Caller("gateway", user=ben.id, staff=True)
    for caller in (ada.caller, staff, operator):
        assert users("users.detail", caller, id=ada.id) == ada.account
    for caller in (ben.caller, GATEWAY):
        assert users("users.detail", caller, id=ada.id) == ada.profile


def test_there_is_no_account_with_an_id_that_nobody_has(users: Rpc, operator: Caller) -> None:
    with pytest.raises(NotFound):
        users("users.detail", operator, id=new_id())
    with pytest.raises(Invalid):
        users("users.detail", operator, id="' OR 1=1")


def test_all_are_listed_newest_first_page_by_page_without_their_addresses(
    users: Rpc, person: MakePerson, operator: Caller
) -> None:
    everybody = [person(name) for name in ("ada", "ben", "cleo", "dan", "closed")]
    users("users.set_active", operator, username="closed", is_active=False)
    page = users("users.all", everybody[0].caller, limit=3)
    rest = users("users.all", everybody[0].caller, limit=3, cursor=page["next"])
    assert [item["username"] for item in page["items"] + rest["items"]] == ["dan", "cleo", "ben", "ada"]
    assert rest["next"] is None
    assert set(page["items"][0]) == {"id", "username", "created_at"}


def test_staff_rights_count_at_once_in_open_sessions(
    users: Rpc, person: MakePerson, operator: Caller, redis: Redis
) -> None:
    ada = person("ada")
    assert users("users.set_staff", operator, username="ada", is_staff=True)["is_staff"]
    assert users("users.authenticate", token_hash=ada.token_hash)["is_staff"]
    assert '"is_staff":true' in redis.get(ada.live_key)
    users("users.set_staff", operator, username="ada", is_staff=False)
    assert '"is_staff":false' in redis.get(ada.live_key)


def test_closing_an_account_ends_its_sessions(
    users: Rpc, person: MakePerson, operator: Caller, redis: Redis, listen: Listen
) -> None:
    ada = person("ada")
    hear = listen("users")
    assert not users("users.set_active", operator, username="ada", is_active=False)["is_active"]
    assert redis.get(ada.live_key) == ""
    assert hear.next("session_ended")["session_ids"] == [ada.caller.session]


def test_opening_an_account_again_brings_back_no_session(
    users: Rpc, person: MakePerson, operator: Caller, sign_in: MakePerson
) -> None:
    ada = person("ada")
    for is_active in (False, True):
        users("users.set_active", operator, username="ada", is_active=is_active)
    with pytest.raises(Unauthenticated):
        users("users.authenticate", token_hash=ada.token_hash)
    assert sign_in("ada")


@pytest.mark.parametrize("method", ["set_staff", "set_active"])
def test_only_operators_decide_over_accounts(users: Rpc, person: MakePerson, operator: Caller, method: str) -> None:
    ada = person("ada")
    arguments: dict[str, Any] = {"username": "ada", method.replace("set", "is"): True}
    for caller in (ada.caller, GATEWAY):
        with pytest.raises(Forbidden):
            users(f"users.{method}", caller, **arguments)
    with pytest.raises(NotFound):
        users(f"users.{method}", operator, **arguments | {"username": "nobody"})


def test_staff_close_and_open_accounts_as_often_as_they_like(
    users: Rpc, person: MakePerson, sign_in: MakePerson, staff: Caller
) -> None:
    ada = person("ada")
    closed = [users("users.deactivate", staff, id=ada.id) for _ in range(2)]
    assert closed == [ada.account | {"is_active": False}] * 2
    with pytest.raises(Unauthenticated, match="invalid_token"):
        users("users.authenticate", token_hash=ada.token_hash)
    with pytest.raises(Unauthenticated, match="bad_credentials"):
        sign_in("ada")
    opened = [users("users.reactivate", staff, id=ada.id) for _ in range(2)]
    assert opened == [ada.account] * 2
    assert sign_in("ada")


@pytest.mark.parametrize("method", ["deactivate", "reactivate"])
def test_only_staff_and_operators_close_and_open_accounts(
    users: Rpc, person: MakePerson, operator: Caller, staff: Caller, method: str
) -> None:
    ada, ben = person("ada"), person("ben")
    for caller in (ben.caller, GATEWAY):
        with pytest.raises(Forbidden):
            users(f"users.{method}", caller, id=ada.id)
    assert users(f"users.{method}", operator, id=ada.id)
    with pytest.raises(NotFound):
        users(f"users.{method}", staff, id=new_id())


def refused_field(users: Rpc, person: Person, **changes: Any) -> str:
    with pytest.raises(Invalid) as refused:
        users("users.update_account", person.caller, **changes)
    return refused.value.errors[0]["field"]
