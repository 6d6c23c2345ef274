"""What crosses the wire to and from the feeds service."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from chassis.contract import Event, Id, JsonSchema, Message, Page, PageRequest, Text, Timestamp

CACHE_TAG = "posts"


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


PostText = Annotated[
    Text,
    Field(min_length=1, max_length=5000),
    AfterValidator(_not_blank),
    Field(description="Kept to the letter; not blank.", examples=["Karibu, the bench is open."]),
    # Python counts U+001C to U+001F and U+0085 among the blanks, other dialects of regular expressions do not.
    JsonSchema({"pattern": r"^[\s\u001c-\u001f\u0085]*[^\s\u0000\u001c-\u001f\u0085][^\u0000]*$"}),
]


class CreatePost(Message):
    """Publishes a post of the caller; the text is kept to the letter."""

    text: PostText


class GetPost(Message):
    """Names one post."""

    id: Id


class EditPost(GetPost):
    """Changes the text of a post of the caller; the new one is kept to the letter too."""

    text: PostText


class DeletePost(GetPost):
    """Takes a post away for ever: its author may, and staff."""


class EraseAuthor(Message):
    """Deletes all posts of an author."""

    author_id: Id


class ListPosts(PageRequest):
    """Asks for a page of posts, newest first: of everybody, or of one author."""

    author: Id | None = Field(default=None, description="Only posts of the user with this id.")


class Post(Message):
    """A post; its author is known here by id only."""

    id: Id
    author_id: Id
    text: str
    created_at: Timestamp
    edited_at: Timestamp | None = Field(default=None, description="When it was last edited; null: never.")


PostPage = Page[Post]


class ListAuthors(Message):
    """Asks for a page of the authors of all posts up to the id `before`, in order of author; of all, or of some.

    What was deleted later than that still counts.
    """

    before: Id = Field(description="Posts up to this id count.")
    after: Id | None = Field(default=None, description="The `next` of the page before.")
    ids: Annotated[list[Id], Field(max_length=1000)] | None = Field(
        default=None, description="Only these authors; null: all."
    )
    limit: int = Field(default=1000, ge=1, le=1000, description="How many authors at most.")


class AuthorPosts(Message):
    """How many posts somebody had then, and when they wrote the last one of those that are still there."""

    author_id: Id
    posts: int = Field(description="How many there were then.")
    last_post_at: Timestamp | None = Field(description="Of those that are still there; null: of none.")


class AuthorPostsPage(Message):
    """A page of authors; `next` is the `after` of the next page, null on the last."""

    items: list[AuthorPosts]
    next: Id | None = Field(description="The `after` of the next page; null on the last.")


class PostCreated(Event):
    """Somebody posted."""

    source: ClassVar[str] = "feeds"
    type: ClassVar[str] = "post_created"

    id: Id
    author_id: Id
    author_username: str = Field(description="At that moment.")
    text: str
    created_at: Timestamp


class PostUpdated(Event):
    """An author changed a post's text. Older news than what is known already is to be ignored, by `edited_at`."""

    source: ClassVar[str] = "feeds"
    type: ClassVar[str] = "post_updated"

    id: Id
    author_id: Id
    text: str
    edited_at: Timestamp = Field(description="Which of two texts is the newer one.")


class PostDeleted(Event):
    """A post is gone for ever."""

    source: ClassVar[str] = "feeds"
    type: ClassVar[str] = "post_deleted"

    id: Id
    author_id: Id
    created_at: Timestamp = Field(description="When it was posted.")
    deletion_id: Id = Field(description="Made at that moment, so order by it is order by that time.")
    deleted_at: Timestamp
