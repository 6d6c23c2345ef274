"""To which phone numbers SMS may go."""

import pytest

from notifications.channels import delivery_results
from notifications.channels.sms import phone_numbers

EAST_AFRICA = phone_numbers.countries("KE, ug,TZ")
ELSEWHERE = delivery_results.cancelled("no SMS goes to this country")


def test_countries_are_read_in_any_case_and_an_empty_list_has_none() -> None:
    assert frozenset({"KE", "UG", "TZ"}) == EAST_AFRICA
    assert phone_numbers.countries("") == frozenset()


@pytest.mark.parametrize("text", ["KE,XX", "Kenya", "001", "254"])
def test_a_country_that_does_not_exist_stops_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="SMS_COUNTRIES"):
        phone_numbers.countries(text)


@pytest.mark.parametrize("number", ["+254711000001", "+256712345678", "+255621234567"])
def test_numbers_of_allowed_countries_pass(number: str) -> None:
    assert phone_numbers.destination(number, EAST_AFRICA) == number


@pytest.mark.parametrize("number", ["+14165550123", "+44711000001", "+80012345678", "+870773111632", "+88213012345"])
def test_numbers_of_other_countries_and_of_none_do_not(number: str) -> None:
    assert phone_numbers.destination(number, EAST_AFRICA) == ELSEWHERE


def test_countries_that_share_a_code_are_told_apart() -> None:
    assert phone_numbers.destination("+14165550123", {"CA"}) == "+14165550123"
    assert phone_numbers.destination("+14165550123", {"US"}) == ELSEWHERE


def test_without_a_list_every_number_passes() -> None:
    assert phone_numbers.destination("+80012345678", frozenset()) == "+80012345678"


@pytest.mark.parametrize("text", ["0711000001", "+2547", "not a number", ""])
def test_what_is_no_number_fails(text: str) -> None:
    assert phone_numbers.destination(text, frozenset()) == delivery_results.unusable("the phone number is not valid")


def test_a_number_is_written_as_e164() -> None:
    assert phone_numbers.destination("+254 711 000-001", EAST_AFRICA) == "+254711000001"
