"""Runs the migrations of the users database with alembic, and opens the first administrator's account."""

from chassis.db.migrations import run
from chassis.db.tables import METADATA
from users.management import first_admin
from users.models import Base

run(Base.metadata, METADATA, after=first_admin.create)
