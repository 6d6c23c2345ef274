"""alembic's entry: what the notifications database should look like."""

from chassis.migrations import run
from chassis.tables import METADATA
from notifications.models import Base

run(Base.metadata, METADATA)
