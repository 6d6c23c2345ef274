"""The feeds service: posts."""

from functools import partial

from chassis.auth.access import USER, services
from chassis.contract import Empty
from chassis.contract.export import ExportUser
from chassis.db.database import Database
from chassis.events.handler import event_handler
from chassis.redis.cache_tags_provider import CacheTagsProvider
from chassis.rpc.entrypoint import rpc
from chassis.service import ListeningService, PublishingService
from chassis.timers import timer
from feeds import contract, export, posts, queries, store
from feeds.models import Base
from users.contract import AccountErased

CLEANUP_INTERVAL = 60  # seconds
CLEANUP_BATCH = 500  # rows deleted in a transaction


class FeedsService(PublishingService, ListeningService):
    """Posts: create, read, list, edit, delete. A change invalidates the cached lists and the details of its post."""

    name = "feeds"

    db = Database(Base, "feeds")
    tags = CacheTagsProvider()

    @rpc(USER)
    def create(self, request: contract.CreatePost) -> contract.Post:
        """Create a post of the caller; every active user is notified. Idempotent with a key."""
        time_at_users = partial(self.time_at, "users")
        create = partial(posts.create, author=self.caller, text=request.text, time_at_users=time_at_users)
        post = self.db.once(contract.Post, create)
        self.tags.invalidate(contract.LISTS_TAG)
        return post

    @rpc
    def detail(self, request: contract.GetPost) -> contract.Post:
        """Return one post."""
        with self.db.read() as session:
            return queries.detail(session, request)

    @rpc
    def all(self, request: contract.ListPosts) -> contract.PostPage:
        """Return a page of posts, newest first; all, or those of one author."""
        with self.db.read() as session:
            return queries.page(session, request)

    @rpc(USER)
    def edit(self, request: contract.EditPost) -> contract.Post:
        """Change the text of a post of the caller; staff may not edit posts of others. Idempotent with a key."""
        post = self.db.once(contract.Post, lambda session: posts.edit(session, self.caller, request))
        self.tags.invalidate(contract.LISTS_TAG, contract.post_tag(request.id))
        return post

    @rpc
    def delete(self, request: contract.DeletePost) -> Empty:
        """Delete a post of the caller; staff and services may delete any. Idempotent with a key."""
        try:
            return self.db.run_once(lambda session: posts.delete(session, self.caller, request.id))
        finally:  # also if it is already deleted: that process may have ended before it invalidated the tags
            self.tags.invalidate(contract.LISTS_TAG, contract.post_tag(request.id))

    @event_handler(AccountErased)
    def on_account_erased(self, event: AccountErased) -> None:
        """Delete the posts of a deleted account, and reject new ones."""
        posts.erase_author(self.db, event.id)
        self.tags.invalidate(contract.LISTS_TAG, contract.AUTHORS_TAG)
        self.dead_letters.erase(event.id)

    @rpc(services("gateway"))
    def erase_author(self, request: contract.EraseAuthor) -> Empty:
        """Delete all posts of a deleted account, as `on_account_erased` does; for gateways of 0.1.0."""
        posts.erase_author(self.db, request.author_id)
        self.tags.invalidate(contract.LISTS_TAG, contract.AUTHORS_TAG)
        return Empty()

    @rpc(services("gateway"))
    def authors(self, request: contract.ListAuthors) -> contract.AuthorPostsPage:
        """Return a page of authors with the number of their posts and the time of the last one."""
        with self.db.read() as session:
            return queries.authors(session, request)

    @rpc(services("gateway"))
    def export(self, request: ExportUser) -> contract.PostData:
        """Return a page of what is stored about a user."""
        with self.db.read() as session:
            return export.page(session, request)

    @timer(CLEANUP_INTERVAL)
    def remove_deleted(self) -> None:
        """Remove the rows of posts that were deleted a day ago."""
        self.db.in_batches(store.remove_deleted, CLEANUP_BATCH)
