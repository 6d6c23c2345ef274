"""One websocket: replays what was missed, then goes live; also after the broker was away."""

import time
from collections.abc import Callable, Collection
from functools import partial

from gevent.lock import BoundedSemaphore

from gateway.rpc.client import RpcClient
from gateway.websocket import frames, messages
from gateway.websocket.send_buffer import Outlet
from notifications.contract import BEGINNING, Replay, ReplayRequest
from users.contract import Identity

REPLAY = 1000  # notifications at most; who missed more fetches the inbox
GREETING = 100  # bytes that `ready` may take

Write = Callable[[], None]


class Connection:
    """State + frames received = state fetched again.

    A replay is of one moment. What is heard before it is asked for is in it, and thrown away; what is heard from then
    on is held back until it is written. Even that may be older than the replay, since a reply may overtake an event:
    a notification is known by its id, and what was read when the replay has all of its ids. Then its count is older
    than the replay's, too. Words that changed may be told again; as they come in order, the last ones are right.
    """

    def __init__(self, identity: Identity, token_hash: str, outlet: Outlet) -> None:
        self.identity = identity
        self.token_hash = token_hash
        self.outlet = outlet
        self.looked_at = time.monotonic()  # at its session
        self._newest = BEGINNING
        self._unread = 0  # as the client counts
        self._known: set[str] = set()  # notifications that the last replay had
        self._known_read: set[str] = set()
        self._held: list[Write] | None = []  # None: live
        self._turn = BoundedSemaphore()  # one replay at a time

    def notify(self, notification_id: str, frame: bytes) -> None:
        """Tell of a notification."""
        self._deliver(partial(self._notify, notification_id, frame))

    def change(self, frame: bytes) -> None:
        """Tell the new words of a notification."""
        self._deliver(partial(self._send, frame))

    def read(self, ids: Collection[str], unread: int | None) -> None:
        """Tell what was read elsewhere, and what is left; None where that is not known for this moment."""
        self._deliver(partial(self._read, ids, unread))

    def start(self, rpc: RpcClient, since: str | None) -> None:
        """Greet, replay what happened after `since`, go live."""
        with self._turn:
            held = self.hold()
            replay = self._missed(rpc, since)
            told = self._frames(replay)
            self._send(messages.ready(replay.unread, resumed=told is not None))
            self._go_live(replay, told or [], held)

    def hold(self) -> list[Write]:
        """Hold back what is heard from now on; all that was held before will be in the replay that follows."""
        held: list[Write] = []
        self._held = held
        return held

    def catch_up(self, rpc: RpcClient) -> None:
        """Replay what was missed since the last frame; a gap too large is left to the client."""
        with self._turn:
            held = self.hold()
            replay = self._missed(rpc, self._newest)
            told = self._frames(replay)
            if told is None:
                self.outlet.end(frames.TRY_AGAIN_LATER, "missed too much; fetch the inbox")
            else:
                self._go_live(replay, told, held)

    def _missed(self, rpc: RpcClient, since: str | None) -> Replay:
        request = ReplayRequest(user_id=self.identity.user_id, since=since, limit=REPLAY)
        return rpc.ask("notifications.missed", request, Replay)

    def _frames(self, replay: Replay) -> list[bytes] | None:
        """Return what a replay tells; None if it is not whole, or too much for a slow reader."""
        told = [messages.notification(one) for one in replay.items]
        told += [messages.changed(one) for one in replay.changed]
        if replay.read:
            told.append(messages.read(replay.read, replay.unread))
        fits = sum(map(len, told)) + GREETING <= self.outlet.room
        return told if fits and replay.resumed and not replay.more else None

    def _go_live(self, replay: Replay, told: list[bytes], held: list[Write]) -> None:
        """Write a replay, then what was held meanwhile; if somebody wants another replay by now, that has it all."""
        for frame in told:
            self._send(frame)
        self._newest = replay.newest or BEGINNING
        self._unread = replay.unread
        self._known = {self._newest, *(one.id for one in replay.items)}
        self._known_read = set(replay.read)
        if self._held is held:
            self._held = None
            for write in held:
                write()

    def _deliver(self, write: Write) -> None:
        """Write now, or when the replay is done."""
        if self._held is None:
            write()
        else:
            self._held.append(write)

    def _notify(self, notification_id: str, frame: bytes) -> None:
        if notification_id not in self._known:
            self._newest = notification_id
            self._unread += 1
            self._send(frame)

    def _read(self, ids: Collection[str], unread: int | None) -> None:
        if not self._known_read.issuperset(ids):
            self._unread = self._unread if unread is None else unread
            self._send(messages.read(ids, self._unread))

    def _send(self, frame: bytes) -> None:
        self.outlet.send(frame)
