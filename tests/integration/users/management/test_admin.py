from typing import Any

import pytest

from chassis.errors import NotFound, Unauthenticated
from chassis.ids import new_id
from tests.integration.support.events import Listen
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.logged_in import STAFF, LogIn, Redis, User


def test_staff_rights_change_in_live_sessions_at_once(users: Rpc, ada: User, redis: Redis) -> None:
    assert users("users.set_staff", OPERATOR, username="ADA", is_staff=True)["is_staff"]
    assert users("users.authenticate", token_hash=ada.token_hash)["is_staff"]
    assert '"is_staff":true' in redis.get(ada.session_key)
    users("users.set_staff", OPERATOR, username="ada", is_staff=False)
    assert '"is_staff":false' in redis.get(ada.session_key)


def test_closing_an_account_ends_its_sessions(users: Rpc, ada: User, redis: Redis, listen: Listen) -> None:
    events = listen("users")
    assert not users("users.set_active", OPERATOR, username="ada", is_active=False)["is_active"]
    assert redis.get(ada.session_key) == ""
    assert events.next("session_ended")["session_ids"] == [ada.session_id]


def test_reactivate_restores_the_account_but_no_session(users: Rpc, ada: User, log_in: LogIn) -> None:
    closed = [users("users.deactivate", STAFF, id=ada.id) for _ in range(2)]
    assert closed == [ada.account | {"is_active": False}] * 2
    with pytest.raises(Unauthenticated, match="invalid_token"):
        users("users.authenticate", token_hash=ada.token_hash)
    with pytest.raises(Unauthenticated, match="bad_credentials"):
        log_in("ada")
    reopened = [users("users.reactivate", STAFF, id=ada.id) for _ in range(2)]
    assert reopened == [ada.account] * 2
    with pytest.raises(Unauthenticated):
        users("users.authenticate", token_hash=ada.token_hash)
    assert log_in("ada")


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("set_staff", {"username": "unknown", "is_staff": True}),
        ("set_active", {"username": "unknown", "is_active": True}),
        ("unlock", {"username": "unknown"}),
        ("deactivate", {"id": new_id()}),
        ("reactivate", {"id": new_id()}),
    ],
)
def test_unknown_account_is_not_found(users: Rpc, method: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(NotFound):
        users(f"users.{method}", OPERATOR, **arguments)
