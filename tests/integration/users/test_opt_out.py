"""Somebody told the SMS provider to stop: by number."""

import pytest

from chassis.auth.caller import Caller
from chassis.errors import Forbidden, Invalid
from tests.integration.support.rpc import GATEWAY, Rpc
from tests.integration.users.people import MakePerson, Person

PHONE = "+254711000001"


def channels(users: Rpc, person: Person) -> list[str]:
    return list(users("users.detail", person.caller, id=person.id)["notify_by"])


@pytest.mark.parametrize("service", ["gateway", "notifications", "deliveries"])
def test_the_owner_of_a_number_gets_no_more_sms_and_everything_else(
    users: Rpc, person: MakePerson, service: str
) -> None:
    ada = person("ada", phone=PHONE, notify_by=["realtime", "sms", "email"])
    ben = person("ben", phone="+254711000002", notify_by=["sms"])
    for _ in range(2):  # such news may come again
        assert users("users.opt_out", Caller(service), phone=PHONE) == {}
    assert channels(users, ada) == ["realtime", "email"]
    assert channels(users, ben) == ["sms"]


def test_one_may_come_back(users: Rpc, person: MakePerson) -> None:
    ada = person("ada", phone=PHONE, notify_by=["sms"])
    users("users.opt_out", GATEWAY, phone=PHONE)
    users("users.update_account", ada.caller, notify_by=["sms"])
    assert channels(users, ada) == ["sms"]


def test_a_number_that_nobody_has_changes_nothing(users: Rpc, person: MakePerson) -> None:
    ada = person("ada", phone=PHONE, notify_by=["sms"])
    assert users("users.opt_out", GATEWAY, phone="+254711000009") == {}
    assert channels(users, ada) == ["sms"]


@pytest.mark.parametrize("phone", ["0711000001", "+", "+254 711 000001", ""])
def test_what_is_no_number_is_refused_by_field(users: Rpc, phone: str) -> None:
    with pytest.raises(Invalid) as refusal:
        users("users.opt_out", GATEWAY, phone=phone)
    assert [error["field"] for error in refusal.value.errors] == ["phone"]


def test_no_other_service_may_opt_anybody_out(users: Rpc) -> None:
    with pytest.raises(Forbidden):
        users("users.opt_out", Caller("feeds"), phone=PHONE)
