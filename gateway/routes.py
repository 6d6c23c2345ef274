"""The route table: the gateway is this table, and one view function that serves every row of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from chassis.contract import Empty, Message
from feeds import contract as feeds
from gateway import authors
from gateway.contract import PostView, PostViewPage
from notifications import contract as notifications
from users import contract as users


class Who(Enum):
    """Who may call a route."""

    ANYONE = "anyone"
    USER = "user"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Limit:
    """A tighter limit than the general one: `name` in config.yml's throttle; per address, and per account if named."""

    name: str
    account: Callable[[Any], str] | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `request` and `reply` are the RPC's contract; `view` makes of the reply what clients see."""

    name: str
    method: str
    paths: tuple[str, ...]
    target: str
    who: Who
    request: type[Message]
    reply: type[Message]
    status: int = 200
    shows: type[Message] | None = None
    view: authors.View | None = None
    tag: str | None = None
    cache_seconds: int = 0
    deadline: float = 5.0  # seconds
    limit: Limit | None = None
    keyed: bool = False  # Idempotency-Key is honoured
    fields_in: str = "body"  # or "query"


def _both(path: str, service: str, own: str | None = None) -> tuple[str, ...]:
    """Return the specification's path, and the service's own endpoint mirrored under its name."""
    return (path, f"/{service}{own or path}")


ROUTES: tuple[Route, ...] = (
    Route(
        "register",
        "POST",
        _both("/register/", "users"),
        "users.register",
        Who.ANYONE,
        users.Register,
        users.Account,
        status=201,
        view=authors.remember,
        limit=Limit("register"),
        keyed=True,
    ),
    Route(
        "login",
        "POST",
        _both("/login/", "users"),
        "users.login",
        Who.ANYONE,
        users.Login,
        users.Session,
        limit=Limit("login", account=lambda request: request.name.casefold()),
    ),
    Route(
        "logout",
        "POST",
        _both("/logout/", "users"),
        "users.logout",
        Who.USER,
        users.Logout,
        Empty,
        status=204,
        fields_in="query",
    ),
    Route(
        "update-account",
        "PUT",
        _both("/update-account/", "users"),
        "users.update_account",
        Who.USER,
        users.UpdateAccount,
        users.Account,
        view=authors.remember,
    ),
    Route(
        "user-detail",
        "GET",
        ("/users/detail/<id>/",),
        "users.detail",
        Who.USER,
        users.ById,
        users.Person,
    ),
    Route("all-users", "GET", ("/users/all/",), "users.all", Who.USER, users.All, users.ProfilePage),
    Route(
        "all-posts",
        "GET",
        _both("/all-posts/", "feeds", "/all/"),
        "feeds.all",
        Who.ANYONE,
        feeds.All,
        feeds.PostPage,
        shows=PostViewPage,
        view=authors.join_page,
        tag=feeds.CACHE_TAG,
        cache_seconds=60,
    ),
    Route(
        "post-detail",
        "GET",
        _both("/post-detail/<id>/", "feeds", "/detail/<id>/"),
        "feeds.detail",
        Who.ANYONE,
        feeds.ById,
        feeds.Post,
        shows=PostView,
        view=authors.join,
        tag=feeds.CACHE_TAG,
        cache_seconds=60,
    ),
    Route(
        "create-post",
        "POST",
        _both("/create-post/", "feeds", "/create/"),
        "feeds.create",
        Who.USER,
        feeds.Create,
        feeds.Post,
        status=201,
        shows=PostView,
        view=authors.join_own,
        keyed=True,
    ),
    Route(
        "send-notification",
        "POST",
        _both("/send-notification/", "notifications"),
        "notifications.send_notification",
        Who.STAFF,
        notifications.SendNotification,
        notifications.Notification,
        status=202,
        keyed=True,
    ),
    Route(
        "inbox",
        "GET",
        ("/notifications/",),
        "notifications.inbox",
        Who.USER,
        notifications.Inbox,
        notifications.InboxPage,
    ),
    Route(
        "read-notifications",
        "POST",
        ("/notifications/read/",),
        "notifications.mark_read",
        Who.USER,
        notifications.MarkRead,
        Empty,
        status=204,
    ),
    Route(
        "notification-detail",
        "GET",
        ("/notifications/detail/<id>/",),
        "notifications.detail",
        Who.USER,
        notifications.ById,
        notifications.NotificationDetail,
    ),
)

BY_NAME: Mapping[str, Route] = {route.name: route for route in ROUTES}
