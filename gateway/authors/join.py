"""Joins posts with their authors from the read model: one query a page, never a call per post."""

import logging
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from chassis import clock
from feeds import contract as feeds
from gateway.authors import store
from gateway.contract import Author, PostView, PostViewPage
from gateway.request_context import Visit
from users import contract as users
from users.contract import ERASED

if TYPE_CHECKING:  # the gateway's Nameko class comes by here, and must not meet gevent
    from gateway.backends import Backends

_log = logging.getLogger(__name__)


def join_page(backends: "Backends", _guest: Visit, page: feeds.PostPage) -> PostViewPage:
    """Give each post of a page its author."""
    names = _usernames(backends, {post.author_id for post in page.items})
    return PostViewPage(items=[_view(post, names) for post in page.items], next=page.next)


def join(backends: "Backends", _guest: Visit, post: feeds.Post) -> PostView:
    """Give a post its author."""
    return _view(post, _usernames(backends, {post.author_id}))


def join_own(_backends: "Backends", guest: Visit, post: feeds.Post) -> PostView:
    """Give a post of whoever is asking its author."""
    return _view(post, {post.author_id: guest.require_identity().username})


def remember(backends: "Backends", _guest: Visit, account: users.Account) -> users.Account:
    """Keep a new name at once, so that whoever renamed themselves sees it; the event only comes a moment later.

    The account is written by now, so trouble here must not turn the answer into a refusal.
    """
    try:
        with backends.database.begin() as session:
            news = store.name_author(session, account.id, account.username, clock.now())
    except SQLAlchemyError as error:
        _log.warning("the read model of authors waits for the event: %s", type(error).__name__)
        return account
    if news:
        backends.counters.invalidate(feeds.CACHE_TAG)
    return account


def _usernames(backends: "Backends", ids: set[str]) -> dict[str, str]:
    """Look names up; who is missing is asked for once and kept."""
    with backends.database.begin() as session:
        names = store.usernames(session, ids)
    missing = ids - names.keys()
    return names | _asked_for(backends, missing) if missing else names


def _asked_for(backends: "Backends", ids: set[str]) -> dict[str, str]:
    """Ask the users service, and keep what it says, also that it does not know somebody."""
    gone = {author_id: (ERASED, clock.now()) for author_id in ids}
    profiles = backends.rpc.ask("users.profiles", users.Profiles(ids=sorted(ids)), users.ProfileList).items
    found = gone | {profile.id: (profile.username, profile.created_at) for profile in profiles}
    with backends.database.begin() as session:
        for author_id, (username, known_at) in sorted(found.items()):  # in order, or two of us might block each other
            store.name_author(session, author_id, username, known_at)
    return {author_id: username for author_id, (username, _) in found.items()}


def _view(post: feeds.Post, names: dict[str, str]) -> PostView:
    author = Author(id=post.author_id, username=names.get(post.author_id, ERASED))
    edited = {"edited_at": post.edited_at} if post.edited_at else {}  # what is not set is not sent
    return PostView(id=post.id, text=post.text, author=author, created_at=post.created_at, **edited)
