"""The databases that config.yml names, brought to their newest revision and emptied between tests."""

import inspect
from collections.abc import Iterable
from typing import Any

import alembic.command
import pytest
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table

from chassis.db import migrations
from chassis.db.database import Database
from chassis.db.engine import create_engine

MARK = "made_by_tests"  # a table: this database may be emptied
KEPT = {MARK, "alembic_version"}


class Databases:
    """Engines by section."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._engines: dict[str, Engine] = {}

    def empty_for(self, services: Iterable[type]) -> None:
        """Empty the databases of these service classes."""
        for service in services:
            for _, provider in inspect.getmembers(service, lambda member: isinstance(member, Database)):
                self.empty(provider.section)

    def engine(self, section: str) -> Engine:
        """Return an engine for a section's database, which is at its newest revision."""
        if section not in self._engines:
            self._engines[section] = self._migrated(section)
        return self._engines[section]

    def empty(self, section: str) -> Engine:
        """Remove every row of a section's database."""
        engine = self.engine(section)
        with engine.begin() as connection:
            for table in reversed(_tables(connection).sorted_tables):
                if table.name not in KEPT:
                    connection.execute(table.delete())
        return engine

    def close(self) -> None:
        """Close all connections."""
        for engine in self._engines.values():
            engine.dispose()

    def bare(self, section: str) -> Engine:
        """Drop every table of a section's database."""
        engine = self.engine(section)
        with engine.begin() as connection:
            _drop_everything(connection)
        return engine

    def _migrated(self, section: str) -> Engine:
        database = self._settings[section]["database"]
        engine = create_engine(database)
        with engine.begin() as connection:
            _drop_everything(connection)
        alembic.command.upgrade(migrations.alembic_config(section), "head")
        return engine


def _drop_everything(connection: Connection) -> None:
    """Start from nothing, but never in a database that somebody else made."""
    tables = _tables(connection)
    if tables.tables and MARK not in tables.tables:
        pytest.exit(f"{connection.engine.url} holds tables that no test made; tests empty theirs", returncode=2)
    tables.drop_all(connection)
    Table(MARK, MetaData(), Column("id", Integer)).create(connection)


def _tables(connection: Connection) -> MetaData:
    metadata = MetaData()
    metadata.reflect(connection)
    return metadata
