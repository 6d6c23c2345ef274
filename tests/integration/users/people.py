"""Somebody who has signed in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chassis.auth.caller import Caller
from users import contract

PASSWORD = "a bench of stone"


@dataclass(frozen=True)
class Person:
    """An account and its newest session; `caller` is them as the gateway calls for them."""

    account: dict[str, Any]
    token: str
    caller: Caller

    @property
    def id(self) -> str:
        return str(self.account["id"])

    @property
    def profile(self) -> dict[str, Any]:
        return {name: self.account[name] for name in ("id", "username", "created_at")}

    @property
    def token_hash(self) -> str:
        return contract.token_hash(self.token)

    @property
    def live_key(self) -> str:
        return contract.live_key(self.token_hash)


MakePerson = Callable[..., Person]
Redis = Any  # redis.Redis with decode_responses, which the library's types do not know
