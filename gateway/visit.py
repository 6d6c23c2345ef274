"""One HTTP request as the guard sees it: who asks, from where, under which request id, and what it counts against."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chassis.errors import Forbidden, ServiceError, TooManyRequests, Unauthenticated
from chassis.tokens import Caller
from gateway.limits import Count, Rate
from users.contract import Identity, token_hash

KEY = "baraza.visit"  # of the WSGI environ
SUBPROTOCOL = "baraza.v1"
USER_AGENT = 200  # characters that are kept

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits in base64
_BEARER_PROTOCOL = "bearer."


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
    headers: list[tuple[str, str]] = field(default_factory=list)  # of every answer
    page_key: str | None = None  # where the answer may be cached

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

    def refuse_above(self, rate: Rate, count: Count, refusal: str) -> None:
        """Refuse a request that is over a limit, and say when to come back."""
        if count.count > rate.limit:
            self.headers.append(("Retry-After", str(count.left)))
            raise TooManyRequests(refusal)

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
    peer: str = environ.get("REMOTE_ADDR", "") or "unknown"
    forwarded = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    hops: list[str] = [*forwarded, peer]
    return hops[-min(trusted_proxies + 1, len(hops))][:64]


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
