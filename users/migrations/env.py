"""Runs the migrations of the users database with alembic."""

from chassis.db.migrations import run
from chassis.db.tables import METADATA
from users.models import Base

run(Base.metadata, METADATA)
