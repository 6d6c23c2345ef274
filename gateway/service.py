"""The gateway's own Nameko class: keeps the read model of authors, and the routing information for operators."""

from chassis.cache import Tags
from chassis.contract import Empty
from chassis.database import Database
from chassis.errors import NotFound
from chassis.events import event_handler
from chassis.rpc import rpc
from chassis.service import Service
from feeds.contract import CACHE_TAG, EraseAuthor, PostCreated
from gateway import contract, store
from gateway.models import Base, RouteRow
from users.contract import AccountChanged, AccountErased


class GatewayService(Service):
    """Routing information and aggregated data."""

    name = "gateway"

    db = Database(Base, "gateway")
    tags = Tags()

    @event_handler(AccountChanged)
    def on_account_changed(self, event: AccountChanged) -> None:
        """Keep an author's newest name; pages with the old one are forgotten."""
        with self.db.write() as session:
            news = store.name_author(session, event.id, event.username, event.changed_at)
        if news:
            self.tags.raise_version(CACHE_TAG)

    @event_handler(PostCreated)
    def on_post_created(self, event: PostCreated) -> None:
        """Count an author's posts."""
        with self.db.write() as session:
            counted = store.count_post(session, event.id, event.author_id, event.author_username, event.created_at)
            erased = not counted and store.is_erased(session, event.author_id)
        if erased:  # it was on its way when they left
            self._erase_posts(event.author_id)

    @event_handler(AccountErased)
    def on_account_erased(self, event: AccountErased) -> None:
        """Forget an author's name for ever, and have their posts deleted."""
        with self.db.write() as session:
            store.erase_author(session, event.id, event.erased_at)
        self.tags.raise_version(CACHE_TAG)
        self._erase_posts(event.id)

    def _erase_posts(self, author_id: str) -> None:
        """Ask feeds, who raises the tag after that; without an answer the event comes again."""
        self.peers.call("feeds.erase_author", EraseAuthor(author_id=author_id), Empty)

    @rpc
    def routes(self, request: Empty) -> contract.RouteRules:  # noqa: ARG002 - there is nothing to ask
        """List the routing information."""
        self.caller.require_service()
        with self.db.read() as session:
            return contract.RouteRules(items=[_shown(row) for row in store.rules(session)])

    @rpc
    def set_route(self, request: contract.SetRoute) -> contract.RouteRule:
        """Change a route's routing information."""
        self.caller.require_service()
        with self.db.write() as session:
            row = store.change_rule(session, request.name, request.model_dump(exclude={"name"}, exclude_none=True))
            if row is None:
                raise NotFound(f"There is no route {request.name}.")
            return _shown(row)


def _shown(row: RouteRow) -> contract.RouteRule:
    return contract.RouteRule(
        name=row.name,
        enabled=row.enabled,
        target=row.target,
        cache_seconds=row.cache_seconds,
        deadline=row.deadline,
    )
