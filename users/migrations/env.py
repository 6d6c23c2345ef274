"""alembic's entry: what the users database should look like."""

from chassis.db.migrations import run
from chassis.db.tables import METADATA
from users.models import Base

run(Base.metadata, METADATA)
