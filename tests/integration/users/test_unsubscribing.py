"""The link in mails: whoever has it may switch off a channel, and nothing else."""

from typing import Any

import pytest

from chassis.auth.caller import Caller
from chassis.errors import Forbidden, Invalid, NotFound
from chassis.ids import new_id
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.people import PASSWORD, MakePerson, Person

ALL = ["realtime", "email", "sms"]


def contact(users: Rpc, person: Person) -> dict[str, Any]:
    (found,) = users("users.contacts", Caller("deliveries"), ids=[person.id])["items"]
    return dict(found)


@pytest.fixture
def ada(person: MakePerson) -> Person:
    return person("ada", phone="+254711000001", notify_by=ALL)


@pytest.fixture
def token(users: Rpc, ada: Person) -> str:
    return str(contact(users, ada)["unsubscribe_token"])


def test_the_link_switches_off_e_mail_and_nothing_else_however_often(users: Rpc, ada: Person, token: str) -> None:
    for _ in range(2):
        assert users("users.unsubscribe", token=token) == {}
        assert contact(users, ada)["notify_by"] == ["realtime", "sms"]
    assert users("users.detail", ada.caller, id=ada.id) == ada.account | {"notify_by": ["realtime", "sms"]}


@pytest.mark.parametrize("channel", ALL)
def test_each_channel_can_be_named(users: Rpc, ada: Person, token: str, channel: str) -> None:
    users("users.unsubscribe", token=token, channel=channel)
    assert contact(users, ada)["notify_by"] == [other for other in ALL if other != channel]


def test_what_was_switched_off_can_be_switched_on_again_and_the_link_stays_good(
    users: Rpc, ada: Person, token: str
) -> None:
    users("users.unsubscribe", token=token)
    users("users.update_account", ada.caller, notify_by=ALL)
    assert contact(users, ada) | {"notify_by": ALL} == contact(users, ada)
    users("users.unsubscribe", token=token)
    assert "email" not in contact(users, ada)["notify_by"]


def test_everybody_has_a_link_of_their_own(users: Rpc, token: str, person: MakePerson) -> None:
    ben = person("ben")
    assert contact(users, ben)["unsubscribe_token"] != token
    users("users.unsubscribe", token=token)
    assert "email" in contact(users, ben)["notify_by"]


def test_an_unknown_link_is_refused_and_so_is_that_of_an_account_that_is_gone(
    users: Rpc, ada: Person, token: str
) -> None:
    with pytest.raises(NotFound):
        users("users.unsubscribe", token=new_id())
    users("users.delete_account", ada.caller, password=PASSWORD)
    with pytest.raises(NotFound):
        users("users.unsubscribe", token=token)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [({}, "token"), ({"token": "x"}, "token"), ({"token": new_id(), "channel": "fax"}, "channel")],
)
def test_the_field_that_is_wrong_is_named(users: Rpc, arguments: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid, match=field):
        users("users.unsubscribe", **arguments)


def test_only_the_deliveries_service_learns_the_token(users: Rpc, ada: Person, token: str, staff: Caller) -> None:
    seen = [users("users.detail", caller, id=ada.id) for caller in (ada.caller, staff, OPERATOR)]
    assert token not in str(seen)
    with pytest.raises(Forbidden):
        users("users.contacts", Caller("gateway"), ids=[ada.id])


def test_only_the_gateway_brings_a_token(users: Rpc, token: str) -> None:
    with pytest.raises(Forbidden):
        users("users.unsubscribe", Caller("deliveries"), token=token)
