"""The entry point of alembic for the notifications database."""

from chassis.db.migrations import run
from chassis.db.tables import METADATA
from notifications.models import Base

run(Base.metadata, METADATA)
