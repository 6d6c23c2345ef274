"""To which phone numbers SMS may go."""

from collections.abc import Collection

import phonenumbers

from notifications.channels import delivery_results
from notifications.channels.delivery_results import Outcome


def countries(text: str) -> frozenset[str]:
    """Read a list of ISO 3166 codes such as `KE,UG,TZ`. Raises ValueError for one that no phone number has."""
    found = frozenset(code.strip().upper() for code in text.split(",") if code.strip())
    unknown = found - phonenumbers.SUPPORTED_REGIONS
    if unknown:
        raise ValueError(f"SMS_COUNTRIES: {', '.join(sorted(unknown))}: no country with phone numbers")
    return found


def destination(text: str, allowed: Collection[str]) -> str | Outcome:
    """Return a number as E.164 writes it, or what becomes of a delivery to it: no countries at all mean all of them.

    The SDK refuses a whole request for one number that it cannot read.
    """
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return delivery_results.unusable("the phone number is not valid")
    if not phonenumbers.is_possible_number(number):
        return delivery_results.unusable("the phone number is not valid")
    if allowed and phonenumbers.region_code_for_number(number) not in allowed:
        return delivery_results.cancelled("no SMS goes to this country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
