"""The migrations open the first administrator's account."""

from collections.abc import Callable

import alembic.command
import pytest

from chassis.db import migrations
from tests.integration.support.rpc import OPERATOR, Rpc
from tests.integration.users.logged_in import NEW_PASSWORD, PASSWORD, LogIn

Migrate = Callable[..., None]


@pytest.fixture
def migrate(monkeypatch: pytest.MonkeyPatch) -> Migrate:
    """Migrate with these variables: `migrate(username="root", ...)`."""

    def migrate(**admin: str) -> None:
        for name, value in admin.items():
            monkeypatch.setenv(f"ADMIN_{name.upper()}", value)
        alembic.command.upgrade(migrations.alembic_config("users"), "head")

    return migrate


def test_account_of_the_first_administrator_has_staff_rights(users: Rpc, migrate: Migrate, log_in: LogIn) -> None:
    migrate(username="root", email="root@example.org", password=PASSWORD)
    root = log_in("root")
    assert root.caller.staff
    assert root.account["email"] == "root@example.org"
    assert users("users.all", root.caller)["items"] == [root.profile]


def test_account_that_exists_is_not_changed(users: Rpc, migrate: Migrate, log_in: LogIn) -> None:
    migrate(username="root", email="root@example.org", password=PASSWORD)
    users("users.set_staff", OPERATOR, username="root", is_staff=False)
    migrate(username="Root", email="other@example.org", password=NEW_PASSWORD)
    root = log_in("root")
    assert not root.caller.staff
    assert root.account["email"] == "root@example.org"


def test_without_a_name_no_account_is_opened(users: Rpc, migrate: Migrate) -> None:
    migrate()
    assert users("users.all", OPERATOR)["items"] == []


def test_migration_with_an_invalid_password_ends_with_the_name_of_its_variable(users: Rpc, migrate: Migrate) -> None:
    with pytest.raises(SystemExit, match="ADMIN_PASSWORD must have 8 to 128 characters"):
        migrate(username="root", email="root@example.org", password="short")
    assert users("users.all", OPERATOR)["items"] == []


def test_migration_without_a_password_fails(users: Rpc, migrate: Migrate) -> None:  # noqa: ARG001 - creates the tables
    with pytest.raises(SystemExit, match="set ADMIN_PASSWORD too"):
        migrate(username="root", email="root@example.org")


def test_address_of_another_account_is_reported_and_migrates(
    users: Rpc, migrate: Migrate, caplog: pytest.LogCaptureFixture
) -> None:
    users("users.register", username="ada", email="ada@example.org", password=PASSWORD)
    migrate(username="root", email="ada@example.org", password=PASSWORD)
    assert "email_taken" in caplog.text
    assert [user["username"] for user in users("users.all", OPERATOR)["items"]] == ["ada"]
