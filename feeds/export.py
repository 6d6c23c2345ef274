"""What this service stores about a user, for the export of the user's data."""

from sqlalchemy.orm import Session

from chassis.contract.export import ExportUser
from chassis.db import export
from chassis.db.export import Section
from chassis.ids import time_of
from feeds import contract
from feeds.models import Post

SECTIONS = (
    Section(
        "posts",
        contract.ExportedPost,
        {
            "id": Post.id,
            "text": Post.text,
            "created_at": Post.created_at,
            "edited_at": Post.edited_at,
            "deletion_id": Post.deletion_id,
        },
        Post.author_id,
        (Post.id,),
        derived={"deleted_at": lambda row: time_of(row["deletion_id"]) if row["deletion_id"] else None},
    ),
)

# What is not exported, by table or column, and why.
LEFT_OUT = export.LEFT_OUT | {"erased_authors": "ids of deleted accounts only"}


def page(session: Session, request: ExportUser) -> contract.PostData:
    """Return a page of what is stored about a user."""
    return contract.PostData(**export.page(session, SECTIONS, request))
