"""What operators ask about authors; read from `feeds.authors` and the read model when they ask.

Each call reads all authors, 1,000 in a request: about 10 ms per 1,000 authors. So nothing is counted while users post.
"""

import heapq
import logging
from collections.abc import Iterator
from itertools import groupby, islice
from operator import attrgetter

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from chassis.ids import first_id
from chassis.rpc.client import RpcClient
from feeds import contract as feeds
from feeds.contract import AuthorPosts
from gateway.authors import store
from gateway.contract import ActiveAuthor, ActiveAuthors, Rebuilt
from users import contract as users
from users.contract import ERASED

PAGE = 1000  # authors in a request

_log = logging.getLogger(__name__)


def most_active(db: UnitOfWork, rpc_client: RpcClient, limit: int) -> ActiveAuthors:
    """Return the authors with the most posts, in that order; authors with the same number by id."""
    top = heapq.nsmallest(limit, _authors(db, rpc_client), key=lambda author: (-author.posts, author.author_id))
    with db.read() as session:
        names = store.usernames(session, [author.author_id for author in top])
    items = [
        ActiveAuthor(
            id=author.author_id,
            username=names.get(author.author_id, ERASED),
            posts=author.posts,
            last_post_at=author.last_post_at,
        )
        for author in top
    ]
    return ActiveAuthors(items=items)


def rebuild(db: UnitOfWork, rpc_client: RpcClient) -> Rebuilt:
    """Read the usernames of all authors again from users; return the numbers of authors and posts.

    Authors that users does not know get a tombstone. May run at any time: a username that is newer than the answer
    stays.
    """
    authors = posts = 0
    found = _authors(db, rpc_client)
    while page := list(islice(found, PAGE)):
        _refresh(db, rpc_client, {author.author_id for author in page})
        authors, posts = authors + len(page), posts + sum(author.posts for author in page)
        _log.info("rebuilding authors: %d with %d posts so far", authors, posts)
    return Rebuilt(authors=authors, posts=posts)


def _refresh(db: UnitOfWork, rpc_client: RpcClient, ids: set[str]) -> None:
    """Read usernames from users and store them."""
    requested_at = clock.now()
    profiles = rpc_client.call("users.profiles", users.Profiles(ids=sorted(ids)), users.ProfileList).items
    with db.write() as session:
        for profile in sorted(profiles, key=lambda profile: profile.id):
            store.refresh_username(session, profile, requested_at)
        for unknown in sorted(ids - {profile.id for profile in profiles}):
            store.erase(session, unknown, requested_at)


def _authors(db: UnitOfWork, rpc_client: RpcClient) -> Iterator[AuthorPosts]:
    """Yield the authors with posts, and those of the read model without, each once, in order of their ids."""
    by_id = attrgetter("author_id")
    both = heapq.merge(_with_posts(rpc_client), _of_read_model(db), key=by_id)  # with_posts first, if ids are the same
    for _, same in groupby(both, key=by_id):
        yield next(same)


def _with_posts(rpc_client: RpcClient) -> Iterator[AuthorPosts]:
    before = first_id(clock.now() + store.SKEW)  # clocks of other machines may be ahead
    request = feeds.ListAuthors(before=before, after=None, limit=PAGE)
    while True:
        page = rpc_client.call("feeds.authors", request, feeds.AuthorPostsPage)
        yield from page.items
        if page.next is None:
            return
        request = request.model_copy(update={"after": page.next})


def _of_read_model(db: UnitOfWork) -> Iterator[AuthorPosts]:
    after = ""
    while True:
        with db.read() as session:
            ids = store.page(session, after, PAGE)
        if not ids:
            return
        yield from (AuthorPosts(author_id=author_id, posts=0, last_post_at=None) for author_id in ids)
        after = ids[-1]
