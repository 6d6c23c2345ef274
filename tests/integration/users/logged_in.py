"""A user who has registered and logged in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chassis.auth.caller import Caller
from chassis.ids import new_id
from users import contract

PASSWORD = "a bench of stone"
WRONG_PASSWORD = "a bench of wood"
NEW_PASSWORD = "a longer bench of stone"
PHONE = "+254711000001"
STAFF = Caller("gateway", user=new_id(), username="boss", staff=True)
NOTIFICATIONS, DELIVERIES = Caller("notifications"), Caller("deliveries")


@dataclass(frozen=True)
class User:
    """An account and a session; `caller` is how the gateway calls on behalf of the user."""

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
    def session_id(self) -> str:
        return str(self.caller.session)

    @property
    def token_hash(self) -> str:
        return contract.token_hash(self.token)

    @property
    def session_key(self) -> str:
        return contract.session_key(self.token_hash)


LogIn = Callable[..., User]
NewUser = Callable[..., User]
Redis = Any  # redis.Redis with decode_responses; its types do not know that replies are str
