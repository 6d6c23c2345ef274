"""What the gateway's database says, in the words of its contract."""

from collections.abc import Iterable

from gateway import contract
from gateway.models import AuthorRow, RouteRow


def route(row: RouteRow) -> contract.RouteRule:
    """Return a route's routing information as it stands, also if somebody wrote nonsense to the table by hand."""
    fields = {name: getattr(row, name) for name in contract.RouteRule.model_fields}
    return contract.RouteRule.model_construct(**fields)


def routes(rows: Iterable[RouteRow]) -> contract.RouteRules:
    """Return the routing information of routes."""
    return contract.RouteRules(items=[route(row) for row in rows])


def authors(rows: Iterable[AuthorRow]) -> contract.ActiveAuthors:
    """Return rows of the read model; nobody has less than no posts."""
    return contract.ActiveAuthors(
        items=[
            contract.ActiveAuthor(
                id=row.id, username=row.username, posts=max(0, row.posts), last_post_at=row.last_post_at
            )
            for row in rows
        ]
    )
