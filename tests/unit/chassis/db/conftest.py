"""An SQLite database with the chassis' tables."""

from collections.abc import Iterator
from pathlib import Path

import nameko_sqlalchemy.database
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from chassis.db.engine import create_engine
from chassis.db.tables import METADATA
from chassis.db.unit_of_work import UnitOfWork


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine({"url": f"sqlite:///{tmp_path}/test.sqlite3"})
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def db(engine: Engine) -> UnitOfWork:
    """A unit of work without an outbox relay."""
    return UnitOfWork(sessionmaker(bind=engine, class_=nameko_sqlalchemy.database.Session))
