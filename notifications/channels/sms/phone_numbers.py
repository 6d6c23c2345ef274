"""Validates phone numbers, and checks their country."""

from collections.abc import Collection

import phonenumbers

from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult


def countries(text: str) -> frozenset[str]:
    """Parse a list of ISO 3166 codes such as `KE,UG,TZ`. Raises ValueError for an unknown country."""
    codes = frozenset(code.strip().upper() for code in text.split(",") if code.strip())
    unknown = codes - phonenumbers.SUPPORTED_REGIONS
    if unknown:
        raise ValueError(f"must be ISO 3166 codes of countries with phone numbers, not {', '.join(sorted(unknown))}")
    return codes


def destination(text: str, allowed: Collection[str]) -> str | DeliveryResult:
    """Return the number in E.164 form, or the result of a delivery to it. No allowed countries: all are allowed.

    The SDK rejects a whole request because of one invalid number.
    """
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return delivery_results.invalid_address("the phone number is not valid")
    if not phonenumbers.is_possible_number(number):
        return delivery_results.invalid_address("the phone number is not valid")
    if allowed and phonenumbers.region_code_for_number(number) not in allowed:
        return delivery_results.cancelled("no SMS goes to this country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
