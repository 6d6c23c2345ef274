"""alembic's entry: what the users database should look like."""

from chassis.migrations import run
from chassis.tables import METADATA
from users.models import Base

run(Base.metadata, METADATA)
