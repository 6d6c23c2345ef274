"""Messages, events and errors of the feeds service."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from chassis.contract import Event, Id, JsonSchema, Message, Page, PageRequest, Text, Timestamp
from chassis.contract.export import ExportPage
from chassis.errors import Forbidden

# Cache tags of responses with posts (chassis/redis/cache_tags.py).
AUTHORS_TAG = "authors"  # of lists and details; changes when an author is renamed or erased
LISTS_TAG = "posts"  # of lists; changes with every write, and also when AUTHORS_TAG does, for gateways of 0.1.0


def post_tag(post_id: str) -> str:
    """Return the tag of the details of one post."""
    return f"post:{post_id}"


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


PostText = Annotated[
    Text,
    Field(min_length=1, max_length=5000),
    AfterValidator(_not_blank),
    Field(description="Stored unchanged; not blank.", examples=["Karibu, the bench is open."]),
    # Python treats U+001C to U+001F and U+0085 as whitespace; ECMAScript, which JSON Schema uses, does not.
    JsonSchema({"pattern": r"^[\s\u001c-\u001f\u0085]*[^\s\u0000\u001c-\u001f\u0085][^\u0000]*$"}),
]


class CreatePost(Message):
    """Creates a post of the caller; the text is stored unchanged."""

    text: PostText


class GetPost(Message):
    """Selects a post."""

    id: Id


class EditPost(GetPost):
    """Changes the text of a post of the caller; the text is stored unchanged."""

    text: PostText


class DeletePost(GetPost):
    """Deletes a post; allowed to its author and to staff."""


class EraseAuthor(Message):
    """Deletes all posts of an author."""

    author_id: Id


class ListPosts(PageRequest):
    """Requests a page of posts, newest first; all, or those of one author."""

    author: Id | None = Field(default=None, description="Only posts of the user with this id.")


class Post(Message):
    """A post with the id of its author."""

    id: Id
    author_id: Id
    text: str
    created_at: Timestamp
    edited_at: Timestamp | None = Field(default=None, description="When it was last edited; null: never.")


PostPage = Page[Post]


class ListAuthors(Message):
    """Requests a page of authors in order of their ids, with the posts they had when the id `before` was created."""

    before: Id = Field(description="Posts up to this id count.")
    after: Id | None = Field(default=None, description="The `next` of the page before.")
    ids: Annotated[list[Id], Field(max_length=1000)] | None = Field(
        default=None, description="Only these authors; null: all."
    )
    limit: int = Field(default=1000, ge=1, le=1000, description="Maximum number of authors.")


class AuthorPosts(Message):
    """An author's number of posts, and the time of the last one that is not deleted."""

    author_id: Id
    posts: int = Field(description="When the id `before` was created.")
    last_post_at: Timestamp | None = Field(description="Null: all are deleted.")


class AuthorPostsPage(Message):
    """A page of authors; `next` is the `after` of the next page, null on the last."""

    items: list[AuthorPosts]
    next: Id | None = Field(description="The `after` of the next page; null on the last.")


class ExportedPost(Message):
    """A post of the user. A deleted one is stored for a day, without its text."""

    id: Id
    text: Annotated[str, Field(examples=["Karibu, the bench is open."])]
    created_at: Timestamp
    edited_at: Timestamp | None = Field(description="When it was last edited; null: never.")
    deletion_id: Id | None = Field(description="The id of the deletion; null: it is not deleted.")
    deleted_at: Timestamp | None = Field(description="Null: it is not deleted.")


class PostData(ExportPage):
    """A page of what feeds stores about a user."""

    posts: list[ExportedPost] = Field(default=[])


class PostCreated(Event):
    """A post was created."""

    source: ClassVar[str] = "feeds"
    type: ClassVar[str] = "post_created"

    id: Id
    author_id: Id
    author_username: str = Field(description="The author's user name at that time.")
    text: str
    created_at: Timestamp
    as_of: Timestamp | None = Field(
        default=None,
        description="The same moment by the clock of users: who was active then is notified. null: the same time.",
    )


class PostUpdated(Event):
    """An author edited a post. Consumers ignore events whose `edited_at` is older than what they know."""

    source: ClassVar[str] = "feeds"
    type: ClassVar[str] = "post_updated"

    id: Id
    author_id: Id
    text: str
    edited_at: Timestamp = Field(description="Orders edits of a post.")


class PostDeleted(Event):
    """A post was deleted."""

    source: ClassVar[str] = "feeds"
    type: ClassVar[str] = "post_deleted"

    id: Id
    author_id: Id
    created_at: Timestamp = Field(description="When it was created.")
    deletion_id: Id = Field(description="UUIDv7 of the deletion, so order by it is order by time.")
    deleted_at: Timestamp


def may_not_edit() -> Forbidden:
    """Return the error for a user who edits the post of another one."""
    return Forbidden("Only its author may edit a post.")


def may_not_delete() -> Forbidden:
    """Return the error for a user who deletes the post of another one."""
    return Forbidden("Only its author and staff may delete a post.")
