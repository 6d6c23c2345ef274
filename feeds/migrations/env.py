"""Runs the migrations of the feeds database with alembic."""

from chassis.db.migrations import run
from chassis.db.tables import METADATA
from feeds.models import Base

run(Base.metadata, METADATA)
