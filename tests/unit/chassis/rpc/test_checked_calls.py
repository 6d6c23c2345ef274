"""The operator's shell rejects arguments that a method does not have."""

from typing import Any

import pytest

from chassis.rpc.checked_calls import CheckedService


class Users:
    """Takes the place of Nameko's proxy of a service."""

    def describe(self) -> dict[str, Any]:
        unlock = {"name": "unlock", "fields": {"properties": {"username": {}}}}
        return {"service": "users", "methods": [unlock, {"name": "ping", "fields": {}}]}

    def unlock(self, *args: str, **kwargs: str) -> tuple[Any, ...]:
        return args, kwargs

    def ping(self, **kwargs: str) -> dict[str, str]:
        return kwargs

    def hidden(self, **kwargs: str) -> dict[str, str]:
        return kwargs


USERS = CheckedService(Users())


def test_call_with_known_arguments_is_sent() -> None:
    assert USERS.unlock(username="ada") == ((), {"username": "ada"})
    assert USERS.unlock("ada") == (("ada",), {})
    assert USERS.ping() == {}


def test_unknown_argument_is_rejected_with_the_known_ones() -> None:
    with pytest.raises(TypeError, match="unlock has no argument name, user; it has username"):
        USERS.unlock(user="ada", name="ada")
    with pytest.raises(TypeError, match="ping has no argument x; it has none"):
        USERS.ping(x="1")


def test_method_that_the_service_does_not_describe_is_called() -> None:
    assert USERS.hidden(x="1") == {"x": "1"}


def test_other_ways_to_call_are_those_of_nameko() -> None:
    assert USERS.unlock.__name__ == "unlock"
