"""What the HTTP side of the gateway talks to, made once per process."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from gateway.cache.single_flight import Flights
from gateway.limits.rate_limiter import Counters
from gateway.routing.follower import Routing
from gateway.rpc.broker import Broker
from gateway.rpc.client import RpcClient


@dataclass(frozen=True, slots=True)
class Backends:
    """Database, Redis, broker and the settings of the gateway."""

    settings: dict[str, Any]
    database: sessionmaker[Session]
    counters: Counters
    flights: Flights
    broker: Broker
    rpc: RpcClient
    routing: Routing
