"""The feeds service: posts."""

from nameko.timer import timer

from chassis.auth.access import USER, services
from chassis.contract import Empty, cursor
from chassis.db.database import Database
from chassis.errors import NotFound
from chassis.redis.cache_tags_provider import CacheTagsProvider
from chassis.rpc.entrypoint import rpc
from chassis.service import Service
from feeds import contract, posts, store
from feeds.models import Base

BATCH = 500  # posts deleted at a time, so that no lock is held for long
CLEANING = 60  # seconds


class FeedsService(Service):
    """Posts: create, read, list, edit, delete. Whoever changes one raises the version of the cached pages."""

    name = "feeds"

    db = Database(Base, "feeds")
    tags = CacheTagsProvider()

    @rpc(USER)
    def create(self, request: contract.CreatePost) -> contract.Post:
        """Publish a post of the caller, of which every active user is told; a keyed write."""
        post = self.db.once(contract.Post, lambda session: posts.publish(session, self.caller, request.text))
        self.tags.invalidate(contract.CACHE_TAG)
        return post

    @rpc
    def detail(self, request: contract.GetPost) -> contract.Post:
        """Return one post."""
        with self.db.read() as session:
            post = store.get(session, request.id)
            if post is None:
                raise NotFound("There is no such post.")
            return posts.shown(post)

    @rpc
    def all(self, request: contract.ListPosts) -> contract.PostPage:
        """Return a page of posts, of everybody or of one author, newest first."""
        before = cursor.decode(request.cursor)
        with self.db.read() as session:
            found = store.newest(session, request.limit + 1, before, request.author)
            return cursor.page(contract.PostPage, [posts.shown(post) for post in found], request.limit)

    @rpc(USER)
    def edit(self, request: contract.EditPost) -> contract.Post:
        """Change the text of a post of the caller; not even staff may change that of others."""
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
        finally:  # also if it is gone: whoever deleted it may have died before the version was raised
            self.tags.invalidate(contract.CACHE_TAG)
        return Empty()

    @rpc(services("gateway"))
    def erase_author(self, request: contract.EraseAuthor) -> Empty:
        """Delete all posts of an author who is no more."""
        more = True
        while more:
            with self.db.write() as session:
                more = posts.delete_some(session, request.author_id, BATCH)
        self.tags.invalidate(contract.CACHE_TAG)
        return Empty()

    @rpc(services("gateway"))
    def authors(self, request: contract.ListAuthors) -> contract.AuthorPostsPage:
        """Return a page of who posted, how often, and when last."""
        with self.db.read() as session:
            rows = store.authors(session, request.before, request.after, request.ids, request.limit + 1)
        items = [
            contract.AuthorPosts(author_id=author_id, posts=count, last_post_at=last)
            for author_id, count, last in rows[: request.limit]
        ]
        return contract.AuthorPostsPage(items=items, next=items[-1].author_id if len(rows) > len(items) else None)

    @timer(interval=CLEANING)
    def remove_deleted(self) -> None:
        """Remove what is left of posts that were deleted a day ago."""
        more = True
        while more:
            with self.db.write() as session:
                more = store.remove_deleted(session, BATCH) == BATCH
