"""alembic's entry: what the gateway's database should look like."""

from chassis.db.migrations import run
from chassis.db.tables import METADATA
from gateway.models import Base
from gateway.routing.overrides import seed
from gateway.routing.table import ROUTES

run(Base.metadata, METADATA, after=lambda connection: seed(connection, ROUTES))
