"""Limits of single routes: stricter ones for login and register, and those that operators set."""

from gateway.limits.rate_limiter import RateLimiter, enforce
from gateway.request.context import RequestContext
from gateway.request.rates import Rate
from gateway.routing.overrides import RouteOverride
from gateway.routing.route import Route

TOO_MANY = "Too many attempts; try again later."


def consume(
    route: Route, override: RouteOverride, limiter: RateLimiter, context: RequestContext, message: object = None
) -> None:
    """Count a request against its route's own limit, if it has one. Raises TooManyRequests.

    Counted by address and by the account that the request names, if the route table says so; else by caller.
    """
    rate = _rate(route, override, limiter)
    if rate is None:
        return
    for key in _keys(route, context, message):
        enforce(context, rate, limiter.consume(rate, f"{route.name}:{key}"), TOO_MANY)


def _rate(route: Route, override: RouteOverride, limiter: RateLimiter) -> Rate | None:
    if override.rate is not None:
        return override.rate
    return limiter.rates[route.limit.name] if route.limit else None


def _keys(route: Route, context: RequestContext, message: object) -> list[str]:
    """Return the counters' names; a user has one counter for all addresses."""
    if route.limit and route.limit.account:
        return [f"address:{context.address}", f"account:{route.limit.account(message)}"]
    return [f"user:{context.identity.user_id}" if context.identity else f"address:{context.address}"]
