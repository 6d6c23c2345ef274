"""Alembic runs this file. The metadata is what the database should look like after all migrations."""

from chassis.db.migrations import run
from chassis.db.tables import METADATA
from orders.models import Base

run(Base.metadata, METADATA)
