"""The context of one HTTP request: request id, client address, token, identity, rate limit."""

import ipaddress
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chassis.auth.caller import Caller
from chassis.errors import Forbidden, ServiceError, Unauthenticated
from gateway.request.cache_key import CacheKey
from users.contract import Identity, token_hash

Headers = list[tuple[str, str]]  # as WSGI has them

CONTEXT_KEY = "baraza.request_context"  # of the WSGI environ
SUBPROTOCOL = "baraza.v1"
USER_AGENT = 200  # characters that are kept

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits in base64
_BEARER_PROTOCOL = "bearer."
_WITH_PORT = re.compile(r"(?:\[(.+)]|([\d.]+))(?::\d+)?")  # as some proxies write it: 192.0.2.1:443, [2001:db8::1]:443
_IPV6_PREFIX = 64  # bits that count; the owner of an IPv6 network can choose the rest


@dataclass(frozen=True, slots=True)
class Quota:
    """The state of a rate limit, for the X-RateLimit headers; `seconds_left` until its window ends."""

    limit: int
    count: int
    seconds_left: int

    def headers(self) -> Headers:
        """Return the X-RateLimit headers."""
        return [
            ("X-RateLimit-Limit", str(self.limit)),
            ("X-RateLimit-Remaining", str(max(0, self.limit - self.count))),
            ("X-RateLimit-Reset", str(int(time.time()) + self.seconds_left)),
        ]


@dataclass(slots=True)
class RequestContext:
    """Filled in by the guard, read by everything behind it."""

    request_id: str
    address: str
    token_hash: str | None  # None: no token, or one of the wrong form
    has_token: bool
    user_agent: str | None = None
    identity: Identity | None = None
    identity_error: ServiceError | None = None  # why the token could not be checked
    quota: Quota | None = None
    cache_key: CacheKey | None = None  # where the response may be cached
    route: str = "none"  # for metrics
    replayed: bool = False  # whether the service's reply is that of an earlier request with the same key

    @property
    def may_have_ended(self) -> bool:
        """Whether the token may be that of a session that has ended."""
        return self.token_hash is not None and self.identity is None and self.identity_error is None

    def require_identity(self) -> Identity:
        """Return the caller's identity. Raises Unauthenticated, or the error that prevented the check of the token."""
        if self.identity is not None:
            return self.identity
        self.require_checked_token()
        if self.has_token:
            raise Unauthenticated("This token is not valid (any more). Sign in again.", "invalid_token")
        raise Unauthenticated("Sign in first.")

    def require_checked_token(self) -> None:
        """Raise the error that prevented the check of the token, if there is one."""
        if self.identity_error is not None:
            raise self.identity_error

    def require_staff(self) -> None:
        """Raise Forbidden unless the caller is staff."""
        if not self.require_identity().is_staff:
            raise Forbidden("This is for staff.")

    def headers(self) -> Headers:
        """Return the headers that every response to this request has."""
        found = [("X-Request-ID", self.request_id)]
        return found + self.quota.headers() if self.quota else found

    def caller(self) -> Caller:
        """Return the gateway as the caller of an RPC, on behalf of the user if there is one."""
        user = self.identity
        if user is None:
            return Caller("gateway")
        return Caller("gateway", user.user_id, user.username, user.session_id, staff=user.is_staff)


def from_environ(environ: Mapping[str, Any], trusted_proxies: int) -> RequestContext:
    """Return the context of a request from its headers."""
    token = _token(environ)
    return RequestContext(
        request_id=_request_id(environ.get("HTTP_X_REQUEST_ID", "")),
        address=client_address(environ, trusted_proxies),
        token_hash=token_hash(token) if token is not None and _TOKEN.fullmatch(token) else None,
        has_token=token is not None,
        user_agent=_user_agent(environ.get("HTTP_USER_AGENT", "")),
    )


def client_address(environ: Mapping[str, Any], trusted_proxies: int) -> str:
    """Return the client's address: the peer's, or with `trusted_proxies` the one that the outermost proxy saw.

    Each proxy appends the address of its peer to X-Forwarded-For, so entries further left may be forged.
    """
    peer = environ.get("REMOTE_ADDR", "")
    forwarded = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    hops: list[str] = [*forwarded, peer]
    return _normalized(hops[-min(trusted_proxies + 1, len(hops))]) or _normalized(peer) or "unknown"


@lru_cache(maxsize=4096)
def _normalized(text: str) -> str | None:
    """Return the form of an address under which requests are counted; None if it is not an address."""
    found = _WITH_PORT.fullmatch(text)
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
    return str(ipaddress.ip_network((int(address), _IPV6_PREFIX), strict=False).network_address)


def _user_agent(given: str) -> str | None:
    printable = given if given.isprintable() else "".join(filter(str.isprintable, given))
    return printable[:USER_AGENT].strip() or None


def _request_id(given: str) -> str:
    return given if _REQUEST_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"


def _token(environ: Mapping[str, Any]) -> str | None:
    """Return the token of the Authorization header, or of a browser's websocket subprotocol."""
    authorization: str = environ.get("HTTP_AUTHORIZATION", "")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() in {"bearer", "token"}:
        return token.strip()
    offered: str = environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "")
    for protocol in offered.split(","):
        if protocol.strip().startswith(_BEARER_PROTOCOL):
            return protocol.strip().removeprefix(_BEARER_PROTOCOL)
    return "" if scheme else None
