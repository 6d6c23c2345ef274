"""The rules for names and addresses: pure functions that return the normal form or raise Invalid."""

import unicodedata
from collections.abc import Sequence
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from chassis.errors import Invalid
from users import contract


def key(name: str) -> str:
    """Return what all spellings of a name share: two accounts may not have the same key."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def login_key(name: str) -> str:
    """Return the key of the account that a user name or an e-mail address names."""
    try:
        return key(email(name) if "@" in name else name)
    except Invalid:
        return key(name)  # no account's


def email(text: str) -> str:
    """Return the address as mail servers compare it, by form only: whether it exists is shown by mail arriving."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise Invalid.field("email", str(error)) from None


def phone(text: str) -> str:
    """Return the number in E.164."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise Invalid.field("phone", "write it in international form, such as +254711000001") from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise Invalid.field("phone", "is not a phone number that can be dialled")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def check_channels(notify_by: Sequence[contract.Channel], phone: str | None, field: str = "notify_by") -> None:
    """Refuse ways to be told that contradict each other; `field` is what the user has changed."""
    if len(set(notify_by)) < len(notify_by):
        raise Invalid.field(field, "names a channel twice")
    if "sms" in notify_by and phone is None:
        raise Invalid.field(field, "sms needs a phone")


def changes(request: contract.UpdateAccount) -> dict[str, Any]:
    """Return the given names and addresses, normal; a null is for the phone alone."""
    given = {name: getattr(request, name) for name in request.model_fields_set - {"current_password"}}
    for name, value in given.items():
        if value is None and name != "phone":
            raise Invalid.field(name, "must not be null")
    if "email" in given:
        given["email"] = email(given["email"])
    if given.get("phone") is not None:
        given["phone"] = phone(given["phone"])
    given.pop("password", None)
    return given
