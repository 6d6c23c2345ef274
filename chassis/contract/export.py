"""Messages of the export of what is stored about a user: each service has an RPC method `export`."""

from pydantic import Field

from chassis.contract.messages import Message
from chassis.contract.types import Id


class ExportUser(Message):
    """Requests a page of what a service stores about a user."""

    user_id: Id
    cursor: str | None = Field(default=None, max_length=200, description="The `next` of the page before.")
    limit: int = Field(default=200, ge=1, le=1000, description="Maximum number of records of all kinds together.")


class ExportPage(Message):
    """Base of the replies: `next`, and a list of records for each section."""

    next: str | None = Field(default=None, description="The `cursor` of the next page; null on the last.")
