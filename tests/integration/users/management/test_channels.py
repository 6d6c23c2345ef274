"""Channels are removed without a login: by the link in a mail, or after an opt-out at the SMS provider."""

from typing import Any

import pytest

from chassis.auth.caller import Caller
from chassis.errors import Invalid, NotFound
from chassis.ids import new_id
from tests.integration.support.rpc import GATEWAY, OPERATOR, Rpc
from tests.integration.users.logged_in import PASSWORD, PHONE, STAFF, NewUser, User

ALL = ["realtime", "email", "sms"]


@pytest.fixture
def ada(new_user: NewUser) -> User:
    return new_user("ada", phone=PHONE, notify_by=ALL)


@pytest.fixture
def token(users: Rpc, ada: User) -> str:
    return str(contact(users, ada)["unsubscribe_token"])


def contact(users: Rpc, user: User) -> dict[str, Any]:
    (item,) = users("users.contacts", Caller("deliveries"), ids=[user.id])["items"]
    return dict(item)


def channels(users: Rpc, user: User) -> list[str]:
    return list(contact(users, user)["notify_by"])


@pytest.mark.parametrize(("arguments", "removed"), [({}, "email"), *(({"channel": name}, name) for name in ALL)])
def test_unsubscribe_removes_one_channel_and_may_be_repeated(
    users: Rpc, ada: User, token: str, arguments: dict[str, str], removed: str
) -> None:
    left = [channel for channel in ALL if channel != removed]
    for _ in range(2):
        assert users("users.unsubscribe", token=token, **arguments) == {}
        assert users("users.detail", ada.caller, id=ada.id) == ada.account | {"notify_by": left}


def test_token_is_valid_again_after_the_channel_was_added_again(users: Rpc, ada: User, token: str) -> None:
    users("users.unsubscribe", token=token)
    users("users.update_account", ada.caller, notify_by=ALL)
    assert channels(users, ada) == ALL
    users("users.unsubscribe", token=token)
    assert "email" not in channels(users, ada)


def test_unsubscribe_token_belongs_to_one_account(users: Rpc, token: str, new_user: NewUser) -> None:
    ben = new_user("ben")
    assert contact(users, ben)["unsubscribe_token"] != token
    users("users.unsubscribe", token=token)
    assert "email" in channels(users, ben)


def test_unknown_token_and_token_of_a_deleted_account_are_not_found(users: Rpc, ada: User, token: str) -> None:
    with pytest.raises(NotFound):
        users("users.unsubscribe", token=new_id())
    users("users.delete_account", ada.caller, password=PASSWORD)
    with pytest.raises(NotFound):
        users("users.unsubscribe", token=token)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [({}, "token"), ({"token": "x"}, "token"), ({"token": new_id(), "channel": "fax"}, "channel")],
)
def test_invalid_unsubscribe_request_names_its_field(users: Rpc, arguments: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid, match=field):
        users("users.unsubscribe", **arguments)


def test_unsubscribe_token_is_in_contacts_only(users: Rpc, ada: User, token: str) -> None:
    details = [users("users.detail", caller, id=ada.id) for caller in (ada.caller, STAFF, OPERATOR)]
    assert token not in str(details)


@pytest.mark.parametrize("service", ["gateway", "notifications", "deliveries"])
def test_opt_out_removes_sms_only_from_the_account_with_the_number(
    users: Rpc, ada: User, new_user: NewUser, service: str
) -> None:
    ben = new_user("ben", phone="+254711000002", notify_by=["sms"])
    for phone in (PHONE, PHONE, "+254711000009"):  # the provider may repeat it; the last number is unknown
        assert users("users.opt_out", Caller(service), phone=phone) == {}
    assert channels(users, ada) == ["realtime", "email"]
    assert channels(users, ben) == ["sms"]


def test_sms_can_be_chosen_again_after_an_opt_out(users: Rpc, ada: User) -> None:
    users("users.opt_out", GATEWAY, phone=PHONE)
    users("users.update_account", ada.caller, notify_by=["sms"])
    assert channels(users, ada) == ["sms"]


@pytest.mark.parametrize("phone", ["0711000001", "+", "+254 711 000001", ""])
def test_opt_out_of_an_invalid_number_is_rejected(users: Rpc, phone: str) -> None:
    with pytest.raises(Invalid) as error:
        users("users.opt_out", GATEWAY, phone=phone)
    assert [entry["field"] for entry in error.value.errors] == ["phone"]
