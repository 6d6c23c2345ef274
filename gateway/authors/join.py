"""Adds the authors' usernames to posts, from the read model: one query for a page of posts."""

import logging
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from chassis import clock
from chassis.contract import Message
from chassis.redis.cache_tags import CacheTags
from feeds import contract as feeds
from gateway.authors import store
from gateway.authors.name_cache import NameCache
from gateway.contract import Author, PostView, PostViewPage
from gateway.request.context import RequestContext
from users import contract as users
from users.contract import ERASED

Reply = TypeVar("Reply", bound=Message)

# One query needs no transaction, whose begin and end would be two more round trips for each post that is not cached.
_AUTOCOMMIT = {"isolation_level": "AUTOCOMMIT"}

_log = logging.getLogger(__name__)


class RpcClient(Protocol):
    """Calls services as the gateway."""

    def call_as_gateway(self, target: str, request: Message, reply: type[Reply], /) -> Reply:
        """Return the reply of `service.method`."""


class Backends(Protocol):
    """What is used here of the web process, without its imports: the gateway's Nameko class must not import gevent."""

    @property
    def database(self) -> sessionmaker[Session]:
        """The gateway's database."""

    @property
    def names(self) -> NameCache:
        """The usernames that this process read last."""

    @property
    def tags(self) -> CacheTags:
        """The tags of cached responses."""

    @property
    def rpc(self) -> RpcClient:
        """The services."""


def join_page(backends: Backends, context: RequestContext, page: feeds.PostPage) -> PostViewPage:
    """Add the author to each post of a page."""
    names = _usernames(backends, context, {post.author_id for post in page.items})
    return PostViewPage(items=[_view(post, names) for post in page.items], next=page.next)


def join(backends: Backends, context: RequestContext, post: feeds.Post) -> PostView:
    """Add the author to a post."""
    return _view(post, _usernames(backends, context, {post.author_id}))


def join_own(_backends: Backends, context: RequestContext, post: feeds.Post) -> PostView:
    """Add the author to a post of the caller."""
    return _view(post, {post.author_id: context.require_identity().username})


def save_own_username(backends: Backends, context: RequestContext, account: users.NamedAccount) -> users.Account:
    """Store a new username before the reply, so that its user sees it at once; the event arrives a moment later.

    A replayed reply may be older than the account, and users of 0.1.0 does not send when the username was set.
    """
    if account.username_changed_at is not None and not context.replayed:
        _save_username(backends, account.id, account.username, account.username_changed_at)
    return users.Account(**dict(account))


def _save_username(backends: Backends, user_id: str, username: str, changed_at: datetime) -> None:
    """Store a username. The account is already written, so an error here must not fail the request."""
    try:
        with backends.database.begin() as session:
            known = bool(store.usernames(session, [user_id]))
            renamed = store.save_username(session, user_id, username, changed_at)
    except SQLAlchemyError as error:
        _log.warning("a username will be stored by its event: %s", type(error).__name__)
        return
    # The event of the change may have come first, and its handler may not have invalidated the tags yet.
    if renamed or (known and changed_at > clock.now() - store.SKEW):
        backends.tags.invalidate(feeds.LISTS_TAG, feeds.AUTHORS_TAG)


def _usernames(backends: Backends, context: RequestContext, ids: set[str]) -> dict[str, str]:
    """Return usernames by id; those that are missing in the read model are requested once and stored."""
    version = context.cache_key.tag_versions.get(feeds.AUTHORS_TAG) if context.cache_key else None
    cached = backends.names.get(version, ids)
    if unread := ids - cached.keys():
        with backends.database() as session:
            session.connection(execution_options=_AUTOCOMMIT)
            names = store.usernames(session, unread)
        if missing := unread - names.keys():
            names |= _request_usernames(backends, missing)
        backends.names.put(version, names)
        return cached | names
    return cached


def _request_usernames(backends: Backends, ids: set[str]) -> dict[str, str]:
    """Request usernames from users and store them; ids that users does not know get a tombstone."""
    unknown = {author_id: (ERASED, clock.now()) for author_id in ids}
    profiles = backends.rpc.call_as_gateway("users.profiles", users.Profiles(ids=sorted(ids)), users.ProfileList).items
    found = unknown | {profile.id: (profile.username, _changed_at(profile)) for profile in profiles}
    with backends.database.begin() as session:
        for author_id, (username, known_at) in sorted(found.items()):  # in order, or two processes may deadlock
            store.save_username(session, author_id, username, known_at)
    return {author_id: username for author_id, (username, _) in found.items()}


def _changed_at(profile: users.NamedProfile) -> datetime:
    """Return when the username was set; 0.1.0 does not send it."""
    return profile.username_changed_at or profile.created_at


def _view(post: feeds.Post, names: dict[str, str]) -> PostView:
    author = Author(id=post.author_id, username=names.get(post.author_id, ERASED))
    edited = {"edited_at": post.edited_at} if post.edited_at else {}  # absent unless it was edited
    return PostView(id=post.id, text=post.text, author=author, created_at=post.created_at, **edited)
