from typing import Any

import pytest
from hypothesis import given

from chassis.ids import new_id
from tests.integration.conftest import Settings
from tests.integration.support.pagination import STEPS, WITH_REAL_SERVICES, read_all
from tests.integration.support.rpc import Rpc
from tests.integration.users.logged_in import PASSWORD, LogIn, User


@pytest.fixture(autouse=True)
def many_sessions(settings: Settings) -> None:
    """Let all examples together start their sessions."""
    settings["users"]["session"]["per_user"] = 100_000


@pytest.mark.parametrize("method", ["all", "sessions"])
@WITH_REAL_SERVICES
@given(steps=STEPS)
def test_items_are_read_once_and_newest_first_while_others_are_added(
    users: Rpc, ada: User, log_in: LogIn, method: str, steps: list[tuple[int, int]]
) -> None:
    def add() -> str:
        if method == "sessions":
            return log_in("ada").session_id
        name = f"u{new_id()[-12:]}"
        account = users("users.register", username=name, email=f"{name}@example.org", password=PASSWORD)
        return str(account["id"])

    def page(**query: Any) -> dict[str, Any]:
        return dict(users(f"users.{method}", ada.caller, **query))

    for _ in range(5):
        add()
    existing = read_all(page, add, [(100, 0)])
    assert len(existing) > 5
    assert read_all(page, add, steps) == existing == sorted(existing, reverse=True)
