"""A service on the chassis with nothing of its own: it makes tea, and guests hear of it.

The kitchen borrows a section of config.yml, and with it a database that has the chassis' tables, an event source and
its name: `feeds` is on SQLite, `users` on PostgreSQL.
"""

from collections.abc import Callable
from datetime import UTC
from typing import Any, ClassVar

from eventlet.event import Event as Signal
from sqlalchemy.orm import DeclarativeBase, Session

from chassis.auth.caller import Caller
from chassis.contract import Empty, Event, Message
from chassis.db import outbox
from chassis.db.database import Database
from chassis.errors import Conflict
from chassis.events.handler import event_handler
from chassis.rpc.entrypoint import rpc
from chassis.service import ListeningService, Service


class Base(DeclarativeBase):
    """Of no tables."""


class Make(Message):
    cups: int
    loudly: bool = True


class Tea(Message):
    cups: int


class Kitchen(Service):
    """Subclassed with a name, a database and events."""

    name: ClassVar[str]
    db: Database
    tea_made: ClassVar[type["TeaMade"]]
    smelled: ClassVar[type["TeaMade"]]

    runs: ClassVar[int] = 0
    callers: ClassVar[list[Caller]] = []
    hold: ClassVar[Signal | None] = None

    @rpc
    def make(self, request: Make) -> Tea:
        """Write once per request key, and tell the guests; with `hold` set, wait for it before the answer."""
        Kitchen.callers.append(self.caller)
        tea = self.db.once(Tea, lambda session: self._make(session, request))
        if (hold := Kitchen.hold) is not None:
            hold.wait()
        return tea

    @rpc
    def spill(self, request: Make) -> Empty:
        """Put an event into a transaction that fails."""
        with self.db.write() as session:
            self._make(session, request)
            raise Conflict("The tea was spilled.")

    @rpc
    def many(self, request: Make) -> Empty:
        """Write many events in one transaction."""
        with self.db.write() as session:
            for cups in range(request.cups):
                outbox.add(session, self.tea_made(cups=cups))
        return Empty()

    @rpc
    def who(self, request: Empty) -> Empty:
        """Remember the caller."""
        Kitchen.callers.append(self.caller)
        return request

    @rpc
    def crash(self, request: Empty) -> Empty:
        """Fail in a way that nobody foresaw."""
        raise KeyError("SELECT * FROM secrets", request)

    @rpc
    def unencodable(self, request: Empty) -> Any:
        """Return what JSON does not know."""
        return UTC if request else None

    def _make(self, session: Session, request: Make) -> Tea:
        Kitchen.runs += 1
        outbox.add(session, (self.tea_made if request.loudly else self.smelled)(cups=request.cups))
        return Tea(cups=request.cups)


class TeaMade(Event):
    cups: int


def kitchen(section: str) -> type[Kitchen]:
    """Return the kitchen in a section."""
    tea_made = type("TeaMade", (TeaMade,), {"source": section, "type": "tea_made", "__module__": __name__})
    smelled = type("Smelled", (tea_made,), {"type": "smelled", "durable": False, "__module__": __name__})
    rooms = {"name": section, "db": Database(Base, section), "tea_made": tea_made, "smelled": smelled}
    return type("KitchenService", (Kitchen,), rooms)


SQLite, PostgreSQL = kitchen("feeds"), kitchen("users")
Handler = Callable[["Guests", TeaMade], None]


class Guests(ListeningService):
    """Hears of tea; `behave` is what the test wants it to do then."""

    name = "guests"

    heard: ClassVar[list[int]] = []
    behave: ClassVar[Handler] = lambda _self, _event: None

    @event_handler(SQLite.tea_made)
    def on_tea_made(self, event: TeaMade) -> None:
        """Note it down, then behave."""
        Guests.heard.append(event.cups)
        Guests.behave(self, event)

    @rpc
    def ask(self, request: Make) -> Tea:
        """Call the kitchen."""
        return self.rpc_client.call("feeds.make", request, Tea)
