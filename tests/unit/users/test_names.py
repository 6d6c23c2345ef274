import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Invalid
from users.accounts import names
from users.models import name_key


@given(st.text())
def test_key_of_a_key_is_the_same(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ada", "aDA"), ("straße@example.org", "STRASSE@example.org"), ("ﬁ@example.org", "FI@example.org")],
)
def test_spellings_of_a_name_have_the_same_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("ADA@Example.org", "ada@example.org"),
        ("ada@example。org", "ada@example.org"),
        ("ada@bücher.example.org", "ada@xn--bcher-kva.example.org"),
    ],
)
def test_login_key_is_the_key_of_the_stored_address(name: str, address: str) -> None:
    assert names.login_key(name) == name_key(names.normalize_email(address))
    assert names.login_key(f"@{name}") == f"@{name}".lower(), "an invalid address has a key too"


def test_address_that_needs_smtputf8_is_rejected_but_its_accounts_can_log_in() -> None:
    with pytest.raises(Invalid) as error:
        names.normalize_email("Ü@example.org")
    assert error.value.errors[0]["field"] == "email"
    assert names.login_key("Ü@EXAMPLE。org") == "ü@example.org"


def test_mail_goes_to_the_ascii_form_of_a_domain() -> None:
    assert names.ascii_email("ada@bücher.example.org") == "ada@xn--bcher-kva.example.org"
    assert names.ascii_email("ada@example.org") == "ada@example.org"
    assert names.ascii_email("ü@bücher.example.org") == "ü@xn--bcher-kva.example.org"


@pytest.mark.parametrize(
    "text", ["ada", "ada@", "@example.org", "a da@example.org", "ada@localhost", "ada@[127.0.0.1]"]
)
def test_invalid_address_is_rejected(text: str) -> None:
    with pytest.raises(Invalid) as error:
        names.normalize_email(text)
    assert error.value.errors[0]["field"] == "email"


@pytest.mark.parametrize("text", ["+254711000001", "+254 711 000 001", "+254(0)711-000001", "tel:+254-711-000001"])
def test_phone_number_is_normalized_to_e164(text: str) -> None:
    assert names.normalize_phone(text) == "+254711000001"


@pytest.mark.parametrize("text", ["0711000001", "+2547", "+999711000001", "call me", "+254711000001 ext. 5", ""])
def test_phone_number_that_is_not_international_is_rejected(text: str) -> None:
    with pytest.raises(Invalid) as error:
        names.normalize_phone(text)
    assert error.value.errors[0]["field"] == "phone"
