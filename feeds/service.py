"""The feeds service: posts."""

from nameko.timer import timer
from sqlalchemy.orm import Session

from chassis.auth.access import USER, services
from chassis.contract import Empty, cursor
from chassis.db.database import Database
from chassis.errors import NotFound
from chassis.events.handler import event_handler
from chassis.redis.cache_tags_provider import CacheTagsProvider
from chassis.rpc.entrypoint import rpc
from chassis.service import ListeningService
from feeds import contract, erasure, posts, store
from feeds.models import Base
from users.contract import AccountErased

BATCH = 500  # rows removed in a transaction
CLEANING = 60  # seconds


class FeedsService(ListeningService):
    """Posts: create, read, list, edit, delete. Each change invalidates the cached responses with posts."""

    name = "feeds"

    db = Database(Base, "feeds")
    tags = CacheTagsProvider()

    @rpc(USER)
    def create(self, request: contract.CreatePost) -> contract.Post:
        """Create a post of the caller; every active user is notified. Idempotent with a key."""
        post = self.db.once(contract.Post, lambda session: self._create(session, request.text))
        self.tags.invalidate(contract.CACHE_TAG)
        return post

    def _create(self, session: Session, text: str) -> contract.Post:
        erasure.require_author(session, self.caller.require_user())
        return posts.publish(session, self.caller, text)

    @rpc
    def detail(self, request: contract.GetPost) -> contract.Post:
        """Return one post."""
        with self.db.read() as session:
            post = store.get(session, request.id)
            if post is None:
                raise NotFound("There is no such post.")
            return posts.to_contract(post)

    @rpc
    def all(self, request: contract.ListPosts) -> contract.PostPage:
        """Return a page of posts, newest first; all, or those of one author."""
        before = cursor.decode(request.cursor)
        with self.db.read() as session:
            found = store.newest(session, request.limit + 1, before, request.author)
            return cursor.page(contract.PostPage, [posts.to_contract(post) for post in found], request.limit)

    @rpc(USER)
    def edit(self, request: contract.EditPost) -> contract.Post:
        """Change the text of a post of the caller; staff may not edit posts of others."""
        with self.db.write() as session:
            post = posts.edit(session, self.caller, request)
        self.tags.invalidate(contract.CACHE_TAG)
        return post

    @rpc
    def delete(self, request: contract.DeletePost) -> Empty:
        """Delete a post of the caller; staff and services may delete any."""
        try:
            with self.db.write() as session:
                posts.delete(session, self.caller, request.id)
        finally:  # also if it is already deleted: that process may have ended before it invalidated the tag
            self.tags.invalidate(contract.CACHE_TAG)
        return Empty()

    @event_handler(AccountErased)
    def on_account_erased(self, event: AccountErased) -> None:
        """Delete the posts of a deleted account, and reject new ones."""
        erasure.erase(self.db, event.id)
        self.tags.invalidate(contract.CACHE_TAG)

    @rpc(services("gateway"))
    def erase_author(self, request: contract.EraseAuthor) -> Empty:
        """Delete all posts of an author; for gateways of 0.1.0, `account_erased` does the same."""
        erasure.erase(self.db, request.author_id)
        self.tags.invalidate(contract.CACHE_TAG)
        return Empty()

    @rpc(services("gateway"))
    def authors(self, request: contract.ListAuthors) -> contract.AuthorPostsPage:
        """Return a page of authors with the number of their posts and the time of the last one."""
        with self.db.read() as session:
            rows = store.authors(session, request.before, request.after, request.ids, request.limit + 1)
        items = [
            contract.AuthorPosts(author_id=author_id, posts=count, last_post_at=last)
            for author_id, count, last in rows[: request.limit]
        ]
        return contract.AuthorPostsPage(items=items, next=items[-1].author_id if len(rows) > len(items) else None)

    @timer(interval=CLEANING)
    def remove_deleted(self) -> None:
        """Remove the rows of posts that were deleted a day ago."""
        more = True
        while more:
            with self.db.write() as session:
                more = store.remove_deleted(session, BATCH) == BATCH
