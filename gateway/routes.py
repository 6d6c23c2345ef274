"""The route table: the gateway is this table, and one view function that serves every row of it."""

from collections.abc import Mapping

from chassis.contract import Empty
from chassis.errors import Conflict, ServiceError, TooManyRequests, Unauthenticated
from feeds import contract as feeds
from gateway import authors, sign_in
from gateway.contract import PostView, PostViewPage
from gateway.route import Limit, Route, Who
from notifications import contract as notifications
from users import contract as users


def _both(path: str, service: str, own: str | None = None) -> tuple[str, ...]:
    """Return the specification's path, and the service's own endpoint mirrored under its name."""
    return (path, f"/{service}{own or path}")


def _taken(*fields: str) -> tuple[ServiceError, ...]:
    """Return the refusals of what must be unique."""
    return tuple(
        Conflict(f"This {field} is taken.", f"{field}_taken", [{"field": field, "message": "is taken"}])
        for field in fields
    )


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
        summary="Open an account",
        refusals=_taken("username", "email", "phone"),
    ),
    Route(
        "login",
        "POST",
        _both("/login/", "users"),
        "users.login",
        Who.ANYONE,
        users.Login,
        users.Session,
        prepare=sign_in.with_client,
        limit=Limit("login", account=lambda request: request.name.casefold()),
        summary="Sign in",
        refusals=(
            Unauthenticated("User name or password is wrong.", "bad_credentials"),
            TooManyRequests("There were many wrong passwords; wait a little."),
            TooManyRequests("There were too many wrong passwords.", "too_many_failures"),
        ),
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
        summary="Sign out",
    ),
    Route(
        "sessions",
        "GET",
        _both("/sessions/", "users"),
        "users.sessions",
        Who.USER,
        users.Sessions,
        users.SessionPage,
        summary="List one's sessions, newest first",
    ),
    Route(
        "end-session",
        "DELETE",
        _both("/sessions/<id>/", "users"),
        "users.end_session",
        Who.USER,
        users.EndSession,
        Empty,
        status=204,
        fields_in="path",
        summary="End one of one's sessions",
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
        summary="Change one's account",
        refusals=_taken("username", "email", "phone"),
    ),
    Route(
        "delete-account",
        "DELETE",
        _both("/account/", "users"),
        "users.delete_account",
        Who.USER,
        users.DeleteAccount,
        Empty,
        status=204,
        summary="Delete one's account",
    ),
    Route(
        "deactivate-user",
        "POST",
        ("/users/deactivate/<id>/",),
        "users.deactivate",
        Who.STAFF,
        users.ById,
        users.Account,
        fields_in="path",
        summary="Close an account",
    ),
    Route(
        "reactivate-user",
        "POST",
        ("/users/reactivate/<id>/",),
        "users.reactivate",
        Who.STAFF,
        users.ById,
        users.Account,
        fields_in="path",
        summary="Open an account again",
    ),
    Route(
        "user-detail",
        "GET",
        ("/users/detail/<id>/",),
        "users.detail",
        Who.USER,
        users.ById,
        users.Person,
        summary="Look at somebody",
    ),
    Route(
        "all-users",
        "GET",
        ("/users/all/",),
        "users.all",
        Who.USER,
        users.All,
        users.ProfilePage,
        summary="List everybody, newest first",
    ),
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
        summary="Read all posts, newest first",
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
        summary="Read one post",
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
        summary="Write a post",
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
        summary="Tell one user something",
        refusals=(Conflict("The recipient is not active; nothing was sent.", "recipient_not_active"),),
    ),
    Route(
        "inbox",
        "GET",
        ("/notifications/",),
        "notifications.inbox",
        Who.USER,
        notifications.Inbox,
        notifications.InboxPage,
        summary="Read one's inbox, newest first",
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
        summary="Mark as read",
    ),
    Route(
        "notification-detail",
        "GET",
        ("/notifications/detail/<id>/",),
        "notifications.detail",
        Who.USER,
        notifications.ById,
        notifications.NotificationDetail,
        summary="Look at one notification and its deliveries",
    ),
)

BY_NAME: Mapping[str, Route] = {route.name: route for route in ROUTES}
