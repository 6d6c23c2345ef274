"""The gateway's own Nameko class: keeps the read model of authors, and the routing information for operators."""

from nameko.timer import timer

from chassis.auth.access import OPERATORS
from chassis.contract import Empty
from chassis.db.database import Database
from chassis.errors import NotFound
from chassis.events.handler import event_handler
from chassis.redis.cache_tags_provider import CacheTagsProvider
from chassis.rpc.entrypoint import rpc
from chassis.service import ListeningService
from feeds.contract import CACHE_TAG, EraseAuthor, PostCreated, PostDeleted
from gateway import contract, serializers
from gateway.authors import post_counts, store
from gateway.authors.post_counts import Counted
from gateway.authors.rebuild import Rebuild
from gateway.models import Base
from gateway.routing import overrides, targets
from gateway.routing.route import Route
from gateway.routing.table import BY_NAME
from users.contract import AccountChanged, AccountErased

CLEANING = 60  # seconds
CLEANED = 1000  # facts at a time, so that no lock is held for long


class GatewayService(ListeningService):
    """Routing information and aggregated data."""

    name = "gateway"

    db = Database(Base, "gateway")
    tags = CacheTagsProvider()

    @event_handler(AccountChanged)
    def on_account_changed(self, event: AccountChanged) -> None:
        """Keep an author's newest name; pages with the old one are forgotten."""
        with self.db.write() as session:
            news = store.name_author(session, event.id, event.username, event.changed_at)
        if news:
            self.tags.invalidate(CACHE_TAG)

    @event_handler(PostCreated)
    def on_post_created(self, event: PostCreated) -> None:
        """Count an author's posts."""
        if self._count(event).erased:  # it was on its way when they left
            self._erase_posts(event.author_id)

    @event_handler(PostDeleted)
    def on_post_deleted(self, event: PostDeleted) -> None:
        """Count an author's post off."""
        self._count(event)

    @event_handler(AccountErased)
    def on_account_erased(self, event: AccountErased) -> None:
        """Forget an author's name for ever, and have their posts deleted."""
        with self.db.write() as session:
            store.erase_author(session, event.id, event.erased_at)
        self.tags.invalidate(CACHE_TAG)
        self._erase_posts(event.id)

    def _count(self, event: PostCreated | PostDeleted) -> Counted:
        with self.db.write() as session:
            counted = post_counts.count(session, event)
        if counted.last_is_gone:
            Rebuild(self.db, self.rpc_client).run_for([event.author_id])
        return counted

    def _erase_posts(self, author_id: str) -> None:
        """Ask feeds, who raises the tag after that; without an answer the event comes again."""
        self.rpc_client.call("feeds.erase_author", EraseAuthor(author_id=author_id), Empty)

    @rpc(OPERATORS)
    def routes(self, request: Empty) -> contract.RouteRules:  # noqa: ARG002 - there is nothing to ask
        """List the routing information."""
        with self.db.read() as session:
            return serializers.routes(row for row in store.rules(session) if row.name in BY_NAME)

    @rpc(OPERATORS)
    def set_route(self, request: contract.SetRoute) -> contract.RouteRule:
        """Change a route's routing information; null puts back what the route table says."""
        route = _route(request.name)
        values = overrides.changed(route, request)
        if "target" in values:
            targets.check(self.rpc_client, route, values["target"])
        with self.db.write() as session:
            return serializers.route(overrides.change(session, route, values))

    @rpc(OPERATORS)
    def reset_route(self, request: contract.ResetRoute) -> contract.RouteRule:
        """Put a route's routing information back to what the route table says."""
        route = _route(request.name)
        with self.db.write() as session:
            return serializers.route(overrides.change(session, route, overrides.seed_of(route)))

    @rpc(OPERATORS)
    def authors(self, request: contract.MostActive) -> contract.ActiveAuthors:
        """Return the most active authors."""
        with self.db.read() as session:
            return serializers.authors(store.most_active(session, request.limit))

    @rpc(OPERATORS)
    def rebuild_authors(self, request: Empty) -> contract.Rebuilt:  # noqa: ARG002 - there is nothing to ask
        """Restore the read model of authors from feeds and users, while they run."""
        rebuilt = Rebuild(self.db, self.rpc_client).run()
        self.tags.invalidate(CACHE_TAG)
        return rebuilt

    @timer(interval=CLEANING)
    def forget_counted(self) -> None:
        """Remove facts about posts that nobody will tell of again."""
        more = True
        while more:
            with self.db.write() as session:
                more = post_counts.forget_counted(session, CLEANED) == CLEANED


def _route(name: str) -> Route:
    if name not in BY_NAME:
        raise NotFound(f"There is no route {name}; gateway.routes lists them.")
    return BY_NAME[name]
