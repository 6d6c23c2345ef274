"""The feeds service: posts."""

from sqlalchemy.orm import Session

from chassis import cursor, outbox
from chassis.cache import Tags
from chassis.contract import Empty
from chassis.database import Database
from chassis.errors import NotFound
from chassis.rpc import rpc
from chassis.service import Service
from chassis.tokens import Caller
from feeds import contract, store
from feeds.models import Base, Post

BATCH = 500  # posts deleted at a time, so that no lock is held for long


class FeedsService(Service):
    """Posts: create, read, list."""

    name = "feeds"

    db = Database(Base, "feeds")
    tags = Tags()

    @rpc
    def create(self, request: contract.Create) -> contract.Post:
        """Publish a post of the caller; every active user is told."""
        self.caller.require_user()
        post = self.db.once(contract.Post, lambda session: _publish(session, self.caller, request.text))
        self.tags.raise_version(contract.CACHE_TAG)
        return post

    @rpc
    def detail(self, request: contract.ById) -> contract.Post:
        """Return one post."""
        with self.db.read() as session:
            post = store.get(session, request.id)
            if post is None:
                raise NotFound("There is no such post.")
            return _shown(post)

    @rpc
    def all(self, request: contract.All) -> contract.PostPage:
        """Return a page of posts, newest first."""
        before = cursor.decode(request.cursor)
        with self.db.read() as session:
            posts = store.newest(session, request.limit + 1, before)
            return cursor.page(contract.PostPage, [_shown(post) for post in posts], request.limit)

    @rpc
    def erase_author(self, request: contract.EraseAuthor) -> Empty:
        """Delete all posts of an author who is no more."""
        self.caller.require_service("gateway")
        deleted = BATCH
        while deleted == BATCH:
            with self.db.write() as session:
                deleted = store.delete_of(session, request.author_id, BATCH)
        self.tags.raise_version(contract.CACHE_TAG)
        return Empty()

    @rpc
    def authors(self, request: contract.Authors) -> contract.AuthorPostsPage:
        """Return a page of who posted, how often, and when last."""
        self.caller.require_service("gateway")
        with self.db.read() as session:
            rows = store.authors(session, request.before, request.after, request.limit + 1)
        items = [
            contract.AuthorPosts(author_id=author_id, posts=posts, last_post_at=last)
            for author_id, posts, last in rows[: request.limit]
        ]
        return contract.AuthorPostsPage(items=items, next=items[-1].author_id if len(rows) > len(items) else None)


def _publish(session: Session, author: Caller, text: str) -> contract.Post:
    """Store the post and the event in one transaction."""
    post = _shown(store.add(session, author.require_user(), text))
    outbox.add(session, contract.PostCreated(**dict(post), author_username=author.username or ""))
    return post


def _shown(post: Post) -> contract.Post:
    return contract.Post(id=post.id, author_id=post.author_id, text=post.text, created_at=post.created_at)
