"""The route table: one row per endpoint, all served by one view function (`gateway/http/views.py`)."""

from collections.abc import Mapping

from gateway.routing.route import Route
from gateway.routing.table import accounts, exports, notifications, posts, sign_in

ROUTES: tuple[Route, ...] = (
    *accounts.ROUTES,
    *sign_in.ROUTES,
    *exports.ROUTES,
    *posts.ROUTES,
    *notifications.ROUTES,
)
BY_NAME: Mapping[str, Route] = {route.name: route for route in ROUTES}
