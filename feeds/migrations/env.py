"""alembic's entry: what the feeds database should look like."""

from chassis.db.migrations import run
from chassis.db.tables import METADATA
from feeds.models import Base

run(Base.metadata, METADATA)
