"""What the web process uses to serve requests, created once per process."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from chassis.redis.cache_tags import CacheTags
from gateway.authors.name_cache import NameCache
from gateway.cache.single_flight import SingleFlight
from gateway.limits.known_tokens import KnownTokens
from gateway.limits.lock import Lock
from gateway.limits.lookup import Lookup
from gateway.limits.rate_limiter import RateLimiter
from gateway.routing.follower import RoutingFollower
from gateway.rpc.broker import Broker
from gateway.rpc.client import RpcClient
from gateway.rpc.sessions import Sessions
from gateway.rpc.turns import Turns


@dataclass(frozen=True, slots=True)
class Backends:
    """The settings, and the access to database, Redis, broker and services."""

    settings: dict[str, Any]
    database: sessionmaker[Session]
    names: NameCache
    lookup: Lookup
    limiter: RateLimiter
    tokens: KnownTokens
    lock: Lock
    tags: CacheTags
    single_flight: SingleFlight
    broker: Broker
    rpc: RpcClient
    sessions: Sessions
    handshakes: Turns
    routing: RoutingFollower
