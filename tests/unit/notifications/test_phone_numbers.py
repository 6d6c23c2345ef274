"""Validation of phone numbers and their countries."""

import pytest

from notifications.channels import delivery_results
from notifications.channels.sms import phone_numbers

EAST_AFRICA = phone_numbers.countries("KE, ug,TZ")
OTHER_COUNTRY = delivery_results.cancelled("no SMS goes to this country")


def test_country_codes_are_parsed_in_any_case() -> None:
    assert frozenset({"KE", "UG", "TZ"}) == EAST_AFRICA
    assert phone_numbers.countries("") == frozenset()


@pytest.mark.parametrize("text", ["KE,XX", "Kenya", "001", "254"])
def test_unknown_country_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="SMS_COUNTRIES"):
        phone_numbers.countries(text)


@pytest.mark.parametrize("number", ["+254711000001", "+256712345678", "+255621234567"])
def test_number_of_an_allowed_country_is_accepted(number: str) -> None:
    assert phone_numbers.destination(number, EAST_AFRICA) == number


@pytest.mark.parametrize("number", ["+14165550123", "+44711000001", "+80012345678", "+870773111632", "+88213012345"])
def test_number_of_another_or_no_country_is_cancelled(number: str) -> None:
    assert phone_numbers.destination(number, EAST_AFRICA) == OTHER_COUNTRY


def test_countries_with_the_same_code_are_distinguished() -> None:
    assert phone_numbers.destination("+14165550123", {"CA"}) == "+14165550123"
    assert phone_numbers.destination("+14165550123", {"US"}) == OTHER_COUNTRY


def test_without_allowed_countries_every_number_is_accepted() -> None:
    assert phone_numbers.destination("+80012345678", frozenset()) == "+80012345678"


@pytest.mark.parametrize("text", ["0711000001", "+2547", "not a number", ""])
def test_invalid_number_fails(text: str) -> None:
    assert phone_numbers.destination(text, frozenset()) == delivery_results.invalid_address(
        "the phone number is not valid"
    )


def test_number_is_returned_as_e164() -> None:
    assert phone_numbers.destination("+254 711 000-001", EAST_AFRICA) == "+254711000001"
