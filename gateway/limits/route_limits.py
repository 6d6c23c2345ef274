"""Limits of single routes, beside the general one: tighter for login and register, and what operators set."""

from gateway.limits.rate_limiter import Counters, Rate
from gateway.request_context import Visit
from gateway.routing.overrides import Rule
from gateway.routing.route import Route

REFUSAL = "Too many attempts; try again later."


def charge(route: Route, rule: Rule, counters: Counters, guest: Visit, message: object = None) -> None:
    """Count a request against its route's own limit, if there is one. Raises TooManyRequests.

    By address and by the account that is named, where the route table says so; else by whoever asks.
    """
    rate = _rate(route, rule, counters)
    if rate is None:
        return
    for who in _whos(route, guest, message):
        guest.charge(rate, counters.count(rate, f"{route.name}:{who}"), REFUSAL)


def _rate(route: Route, rule: Rule, counters: Counters) -> Rate | None:
    if rule.rate is not None:
        return rule.rate
    return counters.rates[route.limit.name] if route.limit else None


def _whos(route: Route, guest: Visit, message: object) -> list[str]:
    """Name the counters; a user has one wherever they are."""
    if route.limit and route.limit.account:
        return [f"address:{guest.address}", f"account:{route.limit.account(message)}"]
    return [f"user:{guest.identity.user_id}" if guest.identity else f"address:{guest.address}"]
