"""Databases of the release before, with rows in them, brought to this one's tables."""

from collections.abc import Callable, Iterator
from typing import Any

import alembic.command
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
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

MODELS = {
    "users": users.models,
    "feeds": feeds.models,
    "notifications": notifications.models,
    "gateway": gateway.models,
}
ADA, POST, TOLD = new_id(), new_id(), new_id()
NOW = clock.now()

# What was in the databases then: the revision, and rows by table.
BEFORE: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    "users": (
        "0002",
        {
            "users": {
                "id": ADA,
                "username": "ada",
                "username_key": "ada",
                "email": "ada@example.org",
                "email_key": "ada@example.org",
                "notify_by": ["email"],
                "password_hash": "-",
                "password_changed_at": NOW,
                "is_active": True,
                "is_staff": False,
                "created_at": NOW,
            }
        },
    ),
    "feeds": ("0001", {"posts": {"id": POST, "author_id": ADA, "text": "Karibu", "created_at": NOW}}),
    "notifications": (
        "0002",
        {
            "notifications": {
                "id": TOLD,
                "kind": "post_created",
                "title": "ada posted",
                "message": "Karibu",
                "data": {"post_id": POST},
                "created_at": NOW,
                "source": POST,
                "done": True,
            },
            "inbox": {"user_id": ADA, "notification_id": TOLD},
            "deliveries": {
                "notification_id": TOLD,
                "user_id": ADA,
                "channel": "sms",
                "chosen": False,
                "status": "sent",
                "attempts": 1,
                "provider_id": "ATXid_1",
                "updated_at": NOW,
            },
        },
    ),
    "gateway": (
        "0002",
        {
            "routes": {
                "name": "all-posts",
                "enabled": False,
                "target": "feeds.all",
                "cache_seconds": 5,
                "deadline": 2.0,
            },
            "authors": {"id": ADA, "username": "ada", "changed_at": NOW, "posts": 1},
            "counted_posts": {"post_id": POST, "author_id": ADA, "created_at": NOW, "counted_at": NOW},
        },
    ),
}


@pytest.fixture
def at(databases: Databases) -> Iterator[Callable[[str, str], Engine]]:
    """Bring a section's database from nothing to a revision; at the end it is the newest again."""
    touched: list[str] = []

    def at(section: str, revision: str) -> Engine:
        touched.append(section)
        engine = databases.bare(section)
        alembic.command.upgrade(migrations.alembic_config(section), revision)
        return engine

    yield at
    for section in touched:
        databases.bare(section)
        alembic.command.upgrade(migrations.alembic_config(section), "head")


def rows(engine: Engine, table: str) -> list[RowMapping]:
    metadata = MetaData()
    metadata.reflect(engine, only=[table])
    with engine.connect() as connection:
        return list(connection.execute(select(metadata.tables[table])).mappings())


@pytest.mark.parametrize("section", BEFORE)
def test_a_database_of_the_release_before_keeps_its_rows_and_gets_the_tables_of_this_one(
    section: str, at: Callable[[str, str], Engine]
) -> None:
    revision, tables = BEFORE[section]
    engine = at(section, revision)
    models = MODELS[section].Base.metadata
    with engine.begin() as connection:
        for name, row in tables.items():
            connection.execute(insert(models.tables[name]).values(**row).inline())
    before = {name: rows(engine, name) for name in tables}

    alembic.command.upgrade(migrations.alembic_config(section), "head")

    for name, old in before.items():
        kept = rows(engine, name)
        assert len(kept) >= len(old) > 0
        for was in old:
            assert any(all(one[column] == value for column, value in was.items()) for one in kept), name
    with engine.connect() as connection:
        options = {"compare_type": True, "include_name": lambda name, *_: name != MARKER}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, [models, METADATA]) == []  # type: ignore[arg-type]  # it takes several


@pytest.mark.parametrize("section", BEFORE)
def test_the_release_before_is_one_step_away(section: str) -> None:
    script = ScriptDirectory.from_config(migrations.alembic_config(section))
    newest = script.get_revision("head")
    assert newest is not None
    assert newest.down_revision == BEFORE[section][0]
