"""The databases of config.yml: migrated once, emptied before each test."""

import inspect
from collections.abc import Iterable
from typing import Any

import alembic.command
import nameko_sqlalchemy
import pytest
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table
from sqlalchemy.orm import sessionmaker

from chassis.db import migrations
from chassis.db.database import Database
from chassis.db.engine import WRITE, create_engine
from chassis.db.unit_of_work import UnitOfWork

MARKER = "made_by_tests"  # name of a table: tests may drop the tables of this database
KEPT_TABLES = {MARKER, "alembic_version"}


def unit_of_work(engine: Engine) -> UnitOfWork:
    """Return the unit of work that services get from their provider."""
    return UnitOfWork(sessionmaker(engine, class_=nameko_sqlalchemy.database.Session))


class Databases:
    """Engines by section."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._engines: dict[str, Engine] = {}
        self._deletions: dict[str, list[str]] = {}  # statements: to look for the tables takes ten times as long

    def empty_for(self, services: Iterable[type]) -> None:
        """Delete all rows in the databases of these service classes."""
        for service in services:
            for _, provider in inspect.getmembers(service, lambda member: isinstance(member, Database)):
                self.empty(provider.section)

    def engine(self, section: str) -> Engine:
        """Return the engine of a section's database, which is migrated first."""
        if section not in self._engines:
            self._engines[section] = self._migrated(section)
        return self._engines[section]

    def empty(self, section: str) -> Engine:
        """Delete all rows in a section's database."""
        engine = self.engine(section)
        with engine.begin() as connection:
            if section not in self._deletions:
                self._deletions[section] = _deletions(connection)
            for statements in self._deletions[section]:
                connection.exec_driver_sql(statements)
        return engine

    def close(self) -> None:
        """Close all connections."""
        for engine in self._engines.values():
            engine.dispose()

    def drop_tables(self, section: str) -> Engine:
        """Drop all tables in a section's database."""
        engine = self.engine(section)
        self._deletions.pop(section, None)
        with engine.begin() as connection:
            _drop_all(connection)
        return engine

    def _migrated(self, section: str) -> Engine:
        database = self._settings[section]["database"]
        # Each transaction waits for SQLite's lock when it begins, as writes of services do: these run in this process.
        engine = create_engine(database).execution_options(**{WRITE: True})
        with engine.begin() as connection:
            _drop_all(connection)
        alembic.command.upgrade(migrations.alembic_config(section), "head")
        return engine


def _drop_all(connection: Connection) -> None:
    """Drop all tables. Exit instead if no test created them."""
    tables = _tables(connection)
    if tables.tables and MARKER not in tables.tables:
        pytest.exit(
            f"{connection.engine.url} has tables that were not created by tests, which would drop them", returncode=2
        )
    tables.drop_all(connection)
    Table(MARKER, MetaData(), Column("id", Integer)).create(connection)


def _deletions(connection: Connection) -> list[str]:
    """Return statements that delete all rows: for PostgreSQL one text, since each round trip costs time."""
    names = [table.name for table in reversed(_tables(connection).sorted_tables) if table.name not in KEPT_TABLES]
    statements = [f'DELETE FROM "{name}"' for name in names]  # noqa: S608 - names of our tables
    return statements if connection.dialect.name == "sqlite" else ["; ".join(statements)]


def _tables(connection: Connection) -> MetaData:
    metadata = MetaData()
    metadata.reflect(connection)
    return metadata
