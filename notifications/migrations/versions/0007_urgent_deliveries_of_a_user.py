"""An index of the urgent deliveries of a user, for exports."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the index."""
    where = sa.text("urgent")
    op.create_index("deliveries_urgent_of", "deliveries", ["user_id", "id"], sqlite_where=where, postgresql_where=where)
