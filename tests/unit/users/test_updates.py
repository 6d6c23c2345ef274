from typing import Any

import pytest

from chassis.errors import Invalid
from users.contract import UpdateAccount
from users.management import channels, updates


def test_changed_columns_are_the_given_fields_normalized() -> None:
    request = UpdateAccount(email="ada@EXAMPLE.org", phone="+254 711 000001", password="x", current_password="y")
    assert updates.changed_columns(request) == {"email": "ada@example.org", "phone": "+254711000001"}


def test_null_removes_the_phone_and_is_rejected_for_other_fields() -> None:
    assert updates.changed_columns(UpdateAccount(phone=None)) == {"phone": None}
    for field in ("username", "email", "notify_by", "password"):
        with pytest.raises(Invalid, match=f"{field}: must not be null"):
            updates.changed_columns(UpdateAccount(**{field: None}))


@pytest.mark.parametrize("notify_by", [[], ["realtime"], ["sms", "email", "realtime"]])
def test_all_channels_are_valid_with_a_phone(notify_by: list[Any]) -> None:
    channels.validate(notify_by, "+254711000001")


@pytest.mark.parametrize(
    ("notify_by", "phone"), [(["email", "email"], None), (["sms"], None), (["sms"] * 2, "+254711000001")]
)
def test_repeated_channels_and_sms_without_a_phone_are_rejected(notify_by: list[Any], phone: str | None) -> None:
    with pytest.raises(Invalid) as error:
        channels.validate(notify_by, phone)
    assert error.value.errors[0]["field"] == "notify_by"
