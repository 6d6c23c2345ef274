from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Invalid
from users import names
from users.contract import UpdateAccount


@given(st.text())
def test_a_key_is_the_key_of_itself(name: str) -> None:
    assert names.key(names.key(name)) == names.key(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ada", "aDA"), ("straße@example.org", "STRASSE@example.org"), ("ﬁ@example.org", "FI@example.org")],
)
def test_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert names.key(one) == names.key(other)


@pytest.mark.parametrize("name", ["ADA@Example.org", "ada@EXAMPLE.ORG", "ada@example。org"])
def test_the_login_key_is_that_of_the_stored_address(name: str) -> None:
    assert names.login_key(name) == names.key(names.email("ada@example.org"))


@pytest.mark.parametrize("name", ["@", "a@b@c", "ada@", "Ada"])
def test_what_is_no_address_has_a_login_key_nevertheless(name: str) -> None:
    assert names.login_key(name) == name.lower()


def test_an_international_address_and_its_ascii_form_are_one() -> None:
    assert names.email("ada@bücher.example.org") == names.email("ada@xn--bcher-kva.example.org")


@pytest.mark.parametrize(
    "text", ["ada", "ada@", "@example.org", "a da@example.org", "ada@localhost", "ada@[127.0.0.1]"]
)
def test_what_cannot_be_an_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        names.email(text)
    assert refused.value.errors[0]["field"] == "email"


@pytest.mark.parametrize("text", ["+254711000001", "+254 711 000 001", "+254(0)711-000001", "tel:+254-711-000001"])
def test_a_phone_number_is_kept_as_e164(text: str) -> None:
    assert names.phone(text) == "+254711000001"


@pytest.mark.parametrize("text", ["0711000001", "+2547", "+999711000001", "call me", "+254711000001 ext. 5", ""])
def test_what_cannot_be_dialled_from_anywhere_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        names.phone(text)
    assert refused.value.errors[0]["field"] == "phone"


@pytest.mark.parametrize("channels", [[], ["realtime"], ["sms", "email", "realtime"]])
def test_any_channels_will_do_with_a_phone(channels: list[Any]) -> None:
    names.check_channels(channels, "+254711000001")


@pytest.mark.parametrize(
    ("channels", "phone"), [(["email", "email"], None), (["sms"], None), (["sms"] * 2, "+254711000001")]
)
def test_channels_twice_and_sms_without_a_phone_are_refused(channels: list[Any], phone: str | None) -> None:
    with pytest.raises(Invalid) as refused:
        names.check_channels(channels, phone)
    assert refused.value.errors[0]["field"] == "notify_by"


def test_changes_are_what_was_given_in_normal_form() -> None:
    request = UpdateAccount(email="ada@EXAMPLE.org", phone="+254 711 000001", password="x", current_password="y")
    assert names.changes(request) == {"email": "ada@example.org", "phone": "+254711000001"}


def test_a_null_removes_the_phone_and_nothing_else() -> None:
    assert names.changes(UpdateAccount(phone=None)) == {"phone": None}
    for field in ("username", "email", "notify_by", "password"):
        with pytest.raises(Invalid, match=f"{field}: must not be null"):
            names.changes(UpdateAccount(**{field: None}))
