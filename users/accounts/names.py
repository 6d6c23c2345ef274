"""Normalizes user names, e-mail addresses and phone numbers."""

import phonenumbers
from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from chassis.errors import Invalid
from users.models import name_key


def login_key(name: str) -> str:
    """Return the key by which a login finds the account of a user name or e-mail address."""
    try:
        return name_key(_validated(name, smtputf8=True).normalized if "@" in name else name)
    except EmailNotValidError:
        return name_key(name)  # no account has it


def normalize_email(text: str) -> str:
    """Return the address in the form that mail servers compare, without asking the DNS. Raises Invalid.

    The part before the @ must be ASCII: otherwise only servers with SMTPUTF8 (RFC 6531) can send and receive its mail.
    """
    try:
        return _validated(text, smtputf8=False).normalized
    except EmailNotValidError as error:
        raise Invalid.field("email", str(error)) from None


def ascii_email(email: str) -> str:
    """Return a normalized address as any mail server takes it: its domain in Punycode (RFC 5891)."""
    if email.isascii():
        return email
    return f"{email.rpartition('@')[0]}@{_validated(email, smtputf8=True).ascii_domain}"


def normalize_phone(text: str) -> str:
    """Return the phone number in E.164. Raises Invalid."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise Invalid.field("phone", "write it in international form, such as +254711000001") from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise Invalid.field("phone", "is not a phone number that can be dialled")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _validated(text: str, *, smtputf8: bool) -> ValidatedEmail:
    return validate_email(text, check_deliverability=False, allow_smtputf8=smtputf8)
