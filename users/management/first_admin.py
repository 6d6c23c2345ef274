"""Opens the first administrator's account, for installations without a shell; runs after the migrations."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from chassis import config
from chassis.contract.validation import validate
from chassis.errors import Conflict, Invalid
from users import contract
from users.accounts import history, store
from users.credentials.hashing import argon2_from_config
from users.management import registration
from users.models import User

_log = logging.getLogger(__name__)


def create(connection: Connection) -> None:
    """Open the account in `users.admin` of config.yml with staff rights. An account with this name is not changed.

    Raises SystemExit if a variable is missing or invalid.
    """
    settings = config.load("users")["users"]
    admin: dict[str, Any] = {name: str(value) for name, value in settings.get("admin", {}).items() if value}
    if not admin:
        return
    if missing := {"username", "email", "password"} - admin.keys():
        raise _rejected(f"set {_variables(sorted(missing))} too")
    with Session(connection) as session:
        if store.find(session, store.has_username(admin["username"])):
            return
        user = _new_user(admin, argon2_from_config(settings["passwords"]).hash)
        user.is_staff = True
        try:
            with session.begin_nested():
                registration.register(session, user)
                history.record(session, user.id, "staff_granted")
        except Conflict as error:
            _log.error("the first administrator's account was not opened: %s", error)
        else:
            _log.warning("opened the account of the first administrator, %s", user.username)


def _new_user(admin: dict[str, Any], hash_password: Callable[[str], str]) -> User:
    try:
        return registration.new_user(validate(contract.Register, admin), hash_password)
    except Invalid as error:
        raise _rejected(
            "; ".join(f"{_variables([wrong['field']])} {wrong['message']}" for wrong in error.errors)
        ) from None


def _variables(names: Iterable[str]) -> str:
    return ", ".join(f"ADMIN_{name.upper()}" for name in names)


def _rejected(reason: str) -> SystemExit:
    return SystemExit(f"config.yml: the first administrator's account cannot be opened: {reason}")
