"""Validation of phone numbers and their countries."""

import pytest

from notifications.channels import delivery_results
from notifications.channels.sms import phone_numbers

EAST_AFRICA = phone_numbers.countries("KE, ug,TZ")
OTHER_COUNTRY = delivery_results.cancelled("no SMS goes to this country")
INVALID = delivery_results.invalid_address("the phone number is not valid")


def test_country_codes_are_parsed_in_any_case() -> None:
    assert frozenset({"KE", "UG", "TZ"}) == EAST_AFRICA
    assert phone_numbers.countries("") == frozenset()


@pytest.mark.parametrize("text", ["KE,XX", "Kenya", "001", "254"])
def test_unknown_country_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="must be ISO 3166 codes"):
        phone_numbers.countries(text)


@pytest.mark.parametrize(
    ("number", "allowed", "expected"),
    [
        ("+254711000001", EAST_AFRICA, "+254711000001"),
        ("+255621234567", EAST_AFRICA, "+255621234567"),
        ("+254 711 000-001", EAST_AFRICA, "+254711000001"),
        ("+44711000001", EAST_AFRICA, OTHER_COUNTRY),
        ("+80012345678", EAST_AFRICA, OTHER_COUNTRY),  # no country
        ("+870773111632", EAST_AFRICA, OTHER_COUNTRY),
        ("+88213012345", EAST_AFRICA, OTHER_COUNTRY),
        ("+14165550123", {"CA"}, "+14165550123"),
        ("+14165550123", {"US"}, OTHER_COUNTRY),  # the same calling code
        ("+80012345678", frozenset(), "+80012345678"),
        *((text, frozenset(), INVALID) for text in ("0711000001", "+2547", "not a number", "")),
    ],
)
def test_number_is_e164_cancelled_for_other_countries_or_invalid(
    number: str, allowed: frozenset[str], expected: object
) -> None:
    assert phone_numbers.destination(number, allowed) == expected
