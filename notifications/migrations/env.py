"""alembic's entry: what the notifications database should look like."""

from chassis.db.migrations import run
from chassis.db.tables import METADATA
from notifications.models import Base

run(Base.metadata, METADATA)
