"""One HTTP request as the guard sees it: who asks, from where, under which request id, and what it counts against."""

import ipaddress
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chassis.auth.caller import Caller
from chassis.errors import Forbidden, ServiceError, TooManyRequests, Unauthenticated
from gateway.limits.rate_limiter import Count, Rate
from users.contract import Identity, token_hash

Headers = list[tuple[str, str]]  # as WSGI has them

KEY = "baraza.visit"  # of the WSGI environ
SUBPROTOCOL = "baraza.v1"
USER_AGENT = 200  # characters that are kept

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits in base64
_BEARER_PROTOCOL = "bearer."
_PORT = re.compile(r"(?:\[(.+)]|([\d.]+))(?::\d+)?")  # as some proxies write it: 192.0.2.1:443, [2001:db8::1]:443
_HOUSEHOLD = 64  # bits of an IPv6 address; the rest is for its owner to choose, again and again


@dataclass(frozen=True, slots=True)
class Quota:
    """Where one stands with a limit."""

    rate: Rate
    count: Count

    def headers(self) -> Headers:
        """Say so."""
        return [
            ("X-RateLimit-Limit", str(self.rate.limit)),
            ("X-RateLimit-Remaining", str(max(0, self.rate.limit - self.count.count))),
            ("X-RateLimit-Reset", str(int(time.time()) + self.count.left)),
        ]


@dataclass(slots=True)
class Visit:
    """Filled in by the guard, read by everything behind it."""

    request_id: str
    address: str
    token_hash: str | None  # None: no token, or one that cannot be ours
    has_token: bool
    user_agent: str | None = None
    identity: Identity | None = None
    trouble: ServiceError | None = None  # why a token that looks good could not be checked
    quota: Quota | None = None  # told in every answer
    page_key: str | None = None  # where the answer may be cached
    route: str = "none"  # for metrics

    def require_identity(self) -> Identity:
        """Return who asks, or refuse."""
        if self.identity is not None:
            return self.identity
        if self.trouble is not None:
            raise self.trouble
        if self.has_token:
            raise Unauthenticated("This token is not valid (any more). Sign in again.", "invalid_token")
        raise Unauthenticated("Sign in first.")

    def require_staff(self) -> None:
        """Refuse everybody but staff."""
        if not self.require_identity().is_staff:
            raise Forbidden("This is for staff.")

    def charge(self, rate: Rate, count: Count, refusal: str = "Too many requests; try again later.") -> None:
        """Refuse what is above a limit. Of several limits the first is told of, unless it is another that refuses."""
        above = count.count > rate.limit
        if self.quota is None or above:
            self.quota = Quota(rate, count)
        if above:
            raise TooManyRequests(refusal, retry_after=max(1, count.left))  # Redis may round down to 0

    def headers(self) -> Headers:
        """Return what every answer to this request says of it."""
        found = [("X-Request-ID", self.request_id)]
        return found + self.quota.headers() if self.quota else found

    def caller(self) -> Caller:
        """Return the gateway, calling on behalf of whoever asks."""
        who = self.identity
        if who is None:
            return Caller("gateway")
        return Caller("gateway", who.user_id, who.username, who.session_id, staff=who.is_staff)


def visit_of(environ: Mapping[str, Any], trusted_proxies: int) -> Visit:
    """Read a request's headers."""
    token = _token(environ)
    return Visit(
        request_id=_request_id(environ.get("HTTP_X_REQUEST_ID", "")),
        address=client_address(environ, trusted_proxies),
        token_hash=token_hash(token) if token is not None and _TOKEN.fullmatch(token) else None,
        has_token=token is not None,
        user_agent=_user_agent(environ.get("HTTP_USER_AGENT", "")),
    )


def client_address(environ: Mapping[str, Any], trusted_proxies: int) -> str:
    """Return the client's address: the peer's, or behind `trusted_proxies` hops the one that the outermost saw.

    Each proxy appends the address it was called from, so what stands further left may be made up.
    """
    peer = environ.get("REMOTE_ADDR", "")
    forwarded = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    hops: list[str] = [*forwarded, peer]
    return _counted(hops[-min(trusted_proxies + 1, len(hops))]) or _counted(peer) or "unknown"


@lru_cache(maxsize=4096)
def _counted(text: str) -> str | None:
    """Return an address as requests are counted by it, None for what is none."""
    found = _PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address((found[1] or found[2]) if found else text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    if address.is_loopback:
        return str(address)
    return str(ipaddress.ip_network((int(address), _HOUSEHOLD), strict=False).network_address)


def _user_agent(given: str) -> str | None:
    return "".join(char for char in given if char.isprintable())[:USER_AGENT].strip() or None


def _request_id(given: str) -> str:
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _token(environ: Mapping[str, Any]) -> str | None:
    """Take the token from the Authorization header, or for browsers from a websocket's subprotocols."""
    authorization: str = environ.get("HTTP_AUTHORIZATION", "")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() in {"bearer", "token"}:
        return token.strip()
    offered: str = environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "")
    for protocol in offered.split(","):
        if protocol.strip().startswith(_BEARER_PROTOCOL):
            return protocol.strip().removeprefix(_BEARER_PROTOCOL)
    return "" if scheme else None
