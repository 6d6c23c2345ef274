"""Migrations of databases of the previous release that have rows."""

from collections.abc import Callable, Iterator
from typing import Any

import alembic.command
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, RowMapping, insert, select

import feeds.models
import gateway.models
import notifications.models
import users.models
from chassis import clock
from chassis.db import migrations
from chassis.db.tables import METADATA
from chassis.ids import new_id
from tests.integration.support.databases import MARKER, Databases

Create = Callable[[str, str], Engine]

MODELS = {
    "users": users.models,
    "feeds": feeds.models,
    "notifications": notifications.models,
    "gateway": gateway.models,
}
USER, SESSION, POST, NOTIFICATION = (new_id() for _ in range(4))
NOW = clock.now()

# The revision of the previous release, and a row for each table.
PREVIOUS: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    "users": (
        "0003",
        {
            "users": {"id": USER, "username": "ada", "username_key": "ada", "email": "ada@example.org"}
            | {"email_key": "ada@example.org", "notify_by": ["email"], "password_hash": "-", "password_changed_at": NOW}
            | {"is_active": True, "is_staff": False, "created_at": NOW},
            "sessions": {"id": SESSION, "user_id": USER, "token_hash": "-", "created_at": NOW}
            | {"last_seen_at": NOW, "expires_at": NOW},
            "guesses": {"subject": f"account:{USER}", "failures": 101, "since": NOW, "failed_at": NOW, "open_at": NOW},
        },
    ),
    "feeds": ("0002", {"posts": {"id": POST, "author_id": USER, "text": "Karibu", "created_at": NOW}}),
    "notifications": (
        "0003",
        {
            "notifications": {"id": NOTIFICATION, "kind": "post_created", "title": "ada posted", "message": "Karibu"}
            | {"data": {"post_id": POST}, "created_at": NOW, "source": POST, "done": True},
            "inbox": {"user_id": USER, "notification_id": NOTIFICATION},
            "deliveries": {"notification_id": NOTIFICATION, "user_id": USER, "channel": "sms", "chosen": False}
            | {"status": "sent", "attempts": 1, "provider_id": "ATXid_1", "updated_at": NOW},
        },
    ),
    "gateway": (
        "0003",
        {
            "routes": {"name": "all-posts", "enabled": False, "target": "feeds.all"}
            | {"cache_seconds": 5, "deadline": 2.0},
            "authors": {"id": USER, "username": "ada", "changed_at": NOW, "posts": 1},
            "counted_posts": {"post_id": POST, "author_id": USER, "created_at": NOW, "counted_at": NOW},
        },
    ),
}


@pytest.fixture
def create(databases: Databases) -> Iterator[Create]:
    """Create the tables of a section as of a revision; after the test they are the newest again."""
    sections: list[str] = []

    def create(section: str, revision: str) -> Engine:
        sections.append(section)
        engine = databases.drop_tables(section)
        alembic.command.upgrade(migrations.alembic_config(section), revision)
        return engine

    yield create
    for section in sections:
        databases.drop_tables(section)
        alembic.command.upgrade(migrations.alembic_config(section), "head")


def rows(engine: Engine, table: str) -> list[RowMapping]:
    metadata = MetaData()
    metadata.reflect(engine, only=[table])
    with engine.connect() as connection:
        return list(connection.execute(select(metadata.tables[table])).mappings())


@pytest.mark.parametrize("section", PREVIOUS)
def test_migration_keeps_rows_and_results_in_the_tables_of_the_models(section: str, create: Create) -> None:
    revision, tables = PREVIOUS[section]
    engine = create(section, revision)
    models = MODELS[section].Base.metadata
    with engine.begin() as connection:
        for name, row in tables.items():
            connection.execute(insert(models.tables[name]).values(**row).inline())
    before = {name: rows(engine, name) for name in tables}

    alembic.command.upgrade(migrations.alembic_config(section), "head")

    for name, old_rows in before.items():
        new_rows = rows(engine, name)
        assert len(new_rows) >= len(old_rows) > 0
        for old in old_rows:
            assert any(all(new[column] == value for column, value in old.items()) for new in new_rows), name
    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": lambda name, *_: name != MARKER}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, [models, METADATA]) == []  # type: ignore[arg-type]  # it also takes a list
