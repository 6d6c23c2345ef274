"""alembic's entry: what the feeds database should look like."""

from chassis.migrations import run
from chassis.tables import METADATA
from feeds.models import Base

run(Base.metadata, METADATA)
