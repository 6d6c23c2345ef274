"""The gateway's Nameko class: keeps the read model of authors, makes exports, serves the routing information."""

from functools import partial

from nameko.dependency_providers import Config

from chassis.auth.access import OPERATORS, USER
from chassis.contract import Empty
from chassis.db.database import Database
from chassis.errors import NotFound
from chassis.events.handler import event_handler
from chassis.events.retired import RetiredQueuesProvider
from chassis.redis.cache_tags_provider import CacheTagsProvider
from chassis.rpc.entrypoint import rpc
from chassis.service import ListeningService
from chassis.timers import timer
from feeds.contract import AUTHORS_TAG, LISTS_TAG
from gateway import contract
from gateway.authors import report
from gateway.authors import store as author_store
from gateway.exports import requests
from gateway.exports import settings as export_settings
from gateway.exports import store as export_store
from gateway.exports.making import Maker
from gateway.exports.settings import ExportSettings
from gateway.models import Base
from gateway.routing import overrides, serializers, targets
from gateway.routing import store as route_store
from gateway.routing.route import Route
from gateway.routing.table import BY_NAME
from users.contract import AccountChanged, AccountErased

CLEANUP_INTERVAL = 60  # seconds
CLEANUP_BATCH = 10  # exports deleted in a transaction


class GatewayService(ListeningService):
    """Routing information, usernames of authors, and exports."""

    name = "gateway"

    config = Config()
    db = Database(Base, "gateway")
    tags = CacheTagsProvider()
    # 0.1.0 counted posts by these events.
    retired = RetiredQueuesProvider(
        "evt-feeds-post_created--gateway.on_post_created", "evt-feeds-post_deleted--gateway.on_post_deleted"
    )

    @event_handler(AccountChanged)
    def on_account_changed(self, event: AccountChanged) -> None:
        """Store an author's newest username, and invalidate cached posts with the old one."""
        with self.db.write() as session:
            renamed = author_store.save_username(session, event.id, event.username, event.changed_at)
        if renamed:
            self.tags.invalidate(LISTS_TAG, AUTHORS_TAG)

    @event_handler(AccountErased)
    def on_account_erased(self, event: AccountErased) -> None:
        """Remove an author's username for good, and the user's exports."""
        with self.db.write() as session:
            author_store.erase(session, event.id, event.erased_at)
            export_store.delete_of(session, event.id)
        self.tags.invalidate(LISTS_TAG, AUTHORS_TAG)
        self.dead_letters.erase(event.id)

    @rpc(USER)
    def request_export(self, request: contract.RequestExport) -> contract.Export:  # noqa: ARG002 - it has no fields
        """Start an export of what is stored about the caller, or return the one under way. Idempotent with a key."""
        start = partial(requests.start, user_id=self.caller.require_user(), settings=self._exports)
        return self.db.once(contract.Export, start)

    @rpc(USER)
    def export(self, request: contract.GetExport) -> contract.Export:  # noqa: ARG002 - it has no fields
        """Return the caller's newest export that is ready; the web process reads its content."""
        user_id = self.caller.require_user()
        with self.db.read() as session:
            return requests.get(session, user_id)

    @timer("gateway.exports.interval")
    def make_exports(self) -> None:
        """Work on the export that is due for longest."""
        Maker(self.db, self.rpc_client, self._exports).run()

    @rpc(OPERATORS)
    def routes(self, request: Empty) -> contract.RouteRules:  # noqa: ARG002 - an empty request
        """Return the routing information of all routes."""
        with self.db.read() as session:
            return serializers.routes(row for row in route_store.all_rows(session) if row.name in BY_NAME)

    @rpc(OPERATORS)
    def set_route(self, request: contract.SetRoute) -> contract.RouteRule:
        """Change a route's routing information; null resets a field to the route table."""
        route = _route(request.name)
        values = overrides.changed_columns(route, request)
        if "target" in values:
            targets.check(self.rpc_client, route, values["target"])
        with self.db.write() as session:
            return serializers.route(overrides.change(session, route, values))

    @rpc(OPERATORS)
    def reset_route(self, request: contract.ResetRoute) -> contract.RouteRule:
        """Reset a route's routing information to the route table."""
        route = _route(request.name)
        with self.db.write() as session:
            return serializers.route(overrides.change(session, route, overrides.defaults(route)))

    @rpc(OPERATORS)
    def authors(self, request: contract.MostActive) -> contract.ActiveAuthors:
        """Return the authors with the most posts."""
        return report.most_active(self.db, self.rpc_client, request.limit)

    @rpc(OPERATORS)
    def rebuild_authors(self, request: Empty) -> contract.Rebuilt:  # noqa: ARG002 - an empty request
        """Read the usernames of all authors again from users; may run at any time."""
        rebuilt = report.rebuild(self.db, self.rpc_client)
        self.tags.invalidate(LISTS_TAG, AUTHORS_TAG)
        return rebuilt

    @timer(CLEANUP_INTERVAL)
    def delete_retired_queues(self) -> None:
        """Delete the queues of handlers that this version no longer has."""
        self.retired.delete_unused()

    @timer(CLEANUP_INTERVAL)
    def delete_expired_exports(self) -> None:
        """Delete exports that were kept long enough."""
        self.db.in_batches(export_store.delete_expired, CLEANUP_BATCH)

    @property
    def _exports(self) -> ExportSettings:
        return export_settings.from_config(self.config)


def _route(name: str) -> Route:
    if name not in BY_NAME:
        raise NotFound(f"There is no route {name}; gateway.routes lists them.")
    return BY_NAME[name]
