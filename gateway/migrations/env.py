"""alembic's entry: what the gateway's database should look like."""

from chassis.migrations import run
from chassis.tables import METADATA
from gateway.models import Base
from gateway.routes import ROUTES
from gateway.rules import seed

run(Base.metadata, METADATA, after=lambda connection: seed(connection, ROUTES))
