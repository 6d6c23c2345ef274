"""Limits of single routes: stricter ones for login and register, and those that operators set."""

from gateway.limits.rate_limiter import RateLimiter, enforce
from gateway.request.context import RequestContext
from gateway.request.rates import Rate
from gateway.routing.overrides import RouteOverride
from gateway.routing.route import Route

TOO_MANY = "Too many attempts; try again later."


def consume(route: Route, override: RouteOverride, limiter: RateLimiter, context: RequestContext) -> None:
    """Count a request against its route's own limit, if it has one. Raises TooManyRequests.

    No limit counts by the account that a login names: other clients could use it up. users counts wrong passwords.
    """
    rate = _rate(route, override, limiter)
    if rate is not None:
        enforce(context, rate, limiter.consume(rate, f"{route.name}:{_key(route, context)}"), TOO_MANY)


def _rate(route: Route, override: RouteOverride, limiter: RateLimiter) -> Rate | None:
    if override.rate is not None:
        return override.rate
    return limiter.rates[route.limit.name] if route.limit else None


def _key(route: Route, context: RequestContext) -> str:
    """Return the counter's name; a user has one counter for all addresses, except at a login."""
    if context.identity is None or route.limit is not None:
        return f"address:{context.address}"
    return f"user:{context.identity.user_id}"
