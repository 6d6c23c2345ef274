"""alembic's entry point for the gateway's database."""

from chassis.db.migrations import run
from chassis.db.tables import METADATA
from gateway.models import Base
from gateway.routing.overrides import add_missing
from gateway.routing.table import ROUTES

run(Base.metadata, METADATA, after=lambda connection: add_missing(connection, ROUTES))
