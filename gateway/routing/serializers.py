"""Replies built from rows of the routing information."""

from collections.abc import Iterable

from gateway import contract
from gateway.models import RouteRow


def route(row: RouteRow) -> contract.RouteRule:
    """Return a route's routing information unvalidated, because the table may have been edited by hand."""
    fields = {name: getattr(row, name) for name in contract.RouteRule.model_fields}
    return contract.RouteRule.model_construct(**fields)


def routes(rows: Iterable[RouteRow]) -> contract.RouteRules:
    """Return the routing information of routes."""
    return contract.RouteRules(items=[route(row) for row in rows])
