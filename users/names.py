"""Normalizes user names, e-mail addresses and phone numbers."""

import unicodedata

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from chassis.errors import Invalid


def key(name: str) -> str:
    """Return the key of a user name or e-mail address: all spellings of a name have the same one, and it is unique."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def login_key(name: str) -> str:
    """Return the key by which a login finds the account of a user name or e-mail address."""
    try:
        return key(normalize_email(name) if "@" in name else name)
    except Invalid:
        return key(name)  # no account has it


def normalize_email(text: str) -> str:
    """Return the address in the form that mail servers compare, without asking the DNS. Raises Invalid."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise Invalid.field("email", str(error)) from None


def normalize_phone(text: str) -> str:
    """Return the phone number in E.164. Raises Invalid."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise Invalid.field("phone", "write it in international form, such as +254711000001") from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise Invalid.field("phone", "is not a phone number that can be dialled")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
