"""Channels are removed without a login: by the link in a mail, or after an opt-out at the SMS provider."""

from typing import Any

import pytest

from chassis.auth.caller import Caller
from chassis.errors import Invalid, NotFound
from chassis.ids import new_id
from tests.integration.support.rpc import GATEWAY, OPERATOR, Rpc
from tests.integration.users.logged_in import PASSWORD, PHONE, LoggedInUser, NewUser

ALL = ["realtime", "email", "sms"]


@pytest.fixture
def ada(new_user: NewUser) -> LoggedInUser:
    return new_user("ada", phone=PHONE, notify_by=ALL)


@pytest.fixture
def token(users: Rpc, ada: LoggedInUser) -> str:
    return str(contact(users, ada)["unsubscribe_token"])


def contact(users: Rpc, user: LoggedInUser) -> dict[str, Any]:
    (item,) = users("users.contacts", Caller("deliveries"), ids=[user.id])["items"]
    return dict(item)


def channels(users: Rpc, user: LoggedInUser) -> list[str]:
    return list(contact(users, user)["notify_by"])


@pytest.mark.parametrize(("arguments", "removed"), [({}, "email"), *(({"channel": name}, name) for name in ALL)])
def test_unsubscribe_removes_one_channel_and_may_be_repeated(
    users: Rpc, ada: LoggedInUser, token: str, arguments: dict[str, str], removed: str
) -> None:
    left = [channel for channel in ALL if channel != removed]
    for _ in range(2):
        assert users("users.unsubscribe", token=token, **arguments) == {}
        assert users("users.detail", ada.caller, id=ada.id) == ada.account | {"notify_by": left}


def test_token_is_valid_again_after_the_channel_was_added_again(users: Rpc, ada: LoggedInUser, token: str) -> None:
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


def test_unknown_token_and_token_of_a_deleted_account_are_not_found(users: Rpc, ada: LoggedInUser, token: str) -> None:
    with pytest.raises(NotFound):
        users("users.unsubscribe", token=new_id())
    users("users.delete_account", ada.caller, password=PASSWORD)
    with pytest.raises(NotFound):
        users("users.unsubscribe", token=token)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [({}, "token"), ({"token": "x"}, "token"), ({"token": new_id(), "channel": "fax"}, "channel")],
)
def test_invalid_unsubscribe_request_is_rejected_with_its_field(
    users: Rpc, arguments: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid, match=field):
        users("users.unsubscribe", **arguments)


def test_unsubscribe_token_is_in_contacts_only(users: Rpc, ada: LoggedInUser, token: str, staff: Caller) -> None:
    details = [users("users.detail", caller, id=ada.id) for caller in (ada.caller, staff, OPERATOR)]
    assert token not in str(details)


@pytest.mark.parametrize("service", ["gateway", "notifications", "deliveries"])
def test_opt_out_removes_sms_from_the_account_with_the_number(
    users: Rpc, ada: LoggedInUser, new_user: NewUser, service: str
) -> None:
    ben = new_user("ben", phone="+254711000002", notify_by=["sms"])
    for _ in range(2):  # the provider may repeat an opt-out
        assert users("users.opt_out", Caller(service), phone=PHONE) == {}
    assert channels(users, ada) == ["realtime", "email"]
    assert channels(users, ben) == ["sms"]


def test_sms_can_be_chosen_again_after_an_opt_out(users: Rpc, ada: LoggedInUser) -> None:
    users("users.opt_out", GATEWAY, phone=PHONE)
    users("users.update_account", ada.caller, notify_by=["sms"])
    assert channels(users, ada) == ["sms"]


def test_opt_out_of_an_unknown_number_changes_nothing(users: Rpc, ada: LoggedInUser) -> None:
    assert users("users.opt_out", GATEWAY, phone="+254711000009") == {}
    assert channels(users, ada) == ALL


@pytest.mark.parametrize("phone", ["0711000001", "+", "+254 711 000001", ""])
def test_opt_out_of_an_invalid_number_is_rejected(users: Rpc, phone: str) -> None:
    with pytest.raises(Invalid) as error:
        users("users.opt_out", GATEWAY, phone=phone)
    assert [entry["field"] for entry in error.value.errors] == ["phone"]
