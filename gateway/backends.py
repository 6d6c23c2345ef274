"""What the HTTP side of the gateway talks to, made once per process."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from gateway.broker import Broker
from gateway.flights import Flights
from gateway.limits import Counters
from gateway.routing import Routing
from gateway.rpc_client import RpcClient


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
