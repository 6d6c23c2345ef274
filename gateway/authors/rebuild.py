"""Restores the read model of authors from feeds and users while they run, exactly.

A post is counted by the snapshot of feeds or by its event, never by both. The border is an id, `until`, so old that
every post up to it is committed. The snapshot counts up to there. Beyond it count the events: those that were handled
already are known as facts (`counted_posts`), those that are still to come find a border in the author's row and are
counted only beyond it. The row is locked meanwhile, so an event is on this side of the page's transaction or on that.

A deletion is a fact of its own with an id of its own, and counts one less. The snapshot shows the posts as they were at
the border: what was deleted up to there does not count in it, what was deleted later still does, and the fact beyond
the border takes it away. So feeds keeps deleted posts for a day, as rows without words. A deletion lies beyond the
border if its post does, whatever the clocks of two processes made of the order of their ids.

The moment of the last post is no sum. The snapshot tells the last of the posts that are still there, and whoever finds
that an author's last post is one that was deleted has this one author restored.
"""

import logging
from collections.abc import Iterable, Iterator

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Unavailable
from chassis.ids import first_id
from chassis.rpc.client import RpcClient
from feeds import contract as feeds
from gateway.authors import post_counts, rebuild_store
from gateway.authors.rebuild_store import UNSETTLED, Restored
from gateway.contract import Rebuilt
from users import contract as users
from users.contract import ERASED

PAGE = 1000  # authors

_log = logging.getLogger(__name__)


class Rebuild:
    """One rebuild; of two at a time the younger one wins in each row."""

    def __init__(self, db: UnitOfWork, rpc_client: RpcClient) -> None:
        self._db = db
        self._rpc_client = rpc_client
        self._until = first_id(clock.now() - UNSETTLED)

    def run(self) -> Rebuilt:
        """Restore whoever posted, then all others that the read model knows; nobody else needs a row there."""
        authors = posts = 0
        for snapshot in filter(None, self._pages()):
            counts, gone = self._restore(snapshot)
            if gone:
                Rebuild(self._db, self._rpc_client).run_for(gone)
            authors, posts = authors + len(counts), posts + sum(counts)
            _log.info("rebuilding authors: %d with %d posts so far", authors, posts)
        return Rebuilt(authors=authors, posts=posts)

    def run_for(self, ids: list[str]) -> None:
        """Restore these authors. Raises Unavailable where a younger rebuild was first, but too early: repeat it."""
        request = feeds.ListAuthors(before=self._until, ids=ids)
        found = self._rpc_client.call("feeds.authors", request, feeds.AuthorPostsPage).items
        others = set(ids) - {one.author_id for one in found}
        _, gone = self._restore([*found, *_without_posts(others)])
        if gone:
            raise Unavailable("Posts were deleted while their authors were restored; try again.")

    def _pages(self) -> Iterator[list[feeds.AuthorPosts]]:
        yield from self._who_posted()
        yield from self._all_others()

    def _who_posted(self) -> Iterator[list[feeds.AuthorPosts]]:
        request = feeds.ListAuthors(before=self._until, after=None, limit=PAGE)
        while True:
            page = self._rpc_client.call("feeds.authors", request, feeds.AuthorPostsPage)
            yield page.items
            if page.next is None:
                return
            request = request.model_copy(update={"after": page.next})

    def _all_others(self) -> Iterator[list[feeds.AuthorPosts]]:
        after = ""
        while ids := self._not_restored(after):
            yield _without_posts(ids)
            after = ids[-1]

    def _not_restored(self, after: str) -> list[str]:
        with self._db.read() as session:
            return rebuild_store.not_restored(session, self._until, after, PAGE)

    def _restore(self, snapshot: list[feeds.AuthorPosts]) -> tuple[list[int], list[str]]:
        """Restore a page of authors in one transaction; return their numbers of posts, and whose last one is gone."""
        asked_at = clock.now()
        names = self._names([entry.author_id for entry in snapshot])
        rows = [
            Restored(one.author_id, names.get(one.author_id, ERASED), one.posts, one.last_post_at) for one in snapshot
        ]
        with self._db.write() as session:
            rebuild_store.lock(session, rows, asked_at)
            counts = rebuild_store.restore(session, rows, asked_at, self._until)
            return counts, post_counts.whose_last_is_gone(session, [row.id for row in rows])

    def _names(self, ids: list[str]) -> dict[str, str]:
        profiles = self._rpc_client.call("users.profiles", users.Profiles(ids=ids), users.ProfileList)
        return {profile.id: profile.username for profile in profiles.items}


def _without_posts(ids: Iterable[str]) -> list[feeds.AuthorPosts]:
    return [feeds.AuthorPosts(author_id=author_id, posts=0, last_post_at=None) for author_id in ids]
