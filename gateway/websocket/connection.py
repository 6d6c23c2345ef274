"""One websocket: replays missed notifications, then sends live frames; again after the broker was unavailable."""

import time
from collections.abc import Callable, Collection
from functools import partial

from gevent.lock import BoundedSemaphore

from gateway.rpc.client import RpcClient
from gateway.rpc.queue import RpcQueue
from gateway.websocket import frames
from gateway.websocket.send_buffer import SendBuffer
from notifications.contract import BEGINNING, Replay, ReplayRequest
from users.contract import Identity

MAX_REPLAY = 1000  # notifications; a client that missed more fetches the inbox
READY_SIZE = 100  # bytes, at most, of the `ready` frame

Write = Callable[[], object]


class Connection:
    """State + frames received = state fetched again.

    A replay is a snapshot. Frames that arrive before it is requested are in it and dropped; those that arrive later are
    held back until it is written. Even these may be older than the replay, because a reply may overtake an event:
    notifications are recognised by their ids, and read marks if the replay has all of their ids; the count of such a
    read mark is older, too. A changed text may be sent again; changes arrive in order, so the last one is right.
    """

    def __init__(self, identity: Identity, token_hash: str, buffer: SendBuffer) -> None:
        self.identity = identity
        self.token_hash = token_hash
        self.buffer = buffer
        self.checked_at = time.monotonic()  # when its session was last checked
        self._newest = BEGINNING
        self._unread = 0  # as the client counts
        self._replayed: set[str] = set()  # notifications of the last replay
        self._replayed_read: set[str] = set()
        self._held: list[Write] | None = []  # None: live
        self._replay_lock = BoundedSemaphore()

    def notify(self, notification_id: str, frame: bytes) -> None:
        """Send a notification."""
        self._write(partial(self._notify, notification_id, frame))

    def change(self, frame: bytes) -> None:
        """Send the changed text of a notification."""
        self._write(partial(self.buffer.send, frame))

    def mark_read(self, ids: Collection[str], unread: int | None) -> None:
        """Send read marks and the unread count; None if the count is outdated."""
        self._write(partial(self._mark_read, ids, unread))

    def start(self, rpc: RpcQueue, since: str | None) -> None:
        """Send `ready`, replay what happened after `since`, go live."""
        with self._replay_lock:
            held = self.hold()
            replay = self._request_replay(rpc, since)
            replayed = self._frames(replay)
            self.buffer.send(frames.ready(replay.unread, resumed=replayed is not None))
            self._go_live(replay, replayed or [], held)

    def hold(self) -> list[Write]:
        """Hold back frames from now on; frames held before are dropped, because the next replay contains them."""
        held: list[Write] = []
        self._held = held
        return held

    def catch_up(self, rpc: RpcClient) -> None:
        """Replay what was missed since the last frame; close if that is too much for a replay."""
        with self._replay_lock:
            held = self.hold()
            replay = self._request_replay(rpc, self._newest)
            replayed = self._frames(replay)
            if replayed is None:
                self.buffer.end(frames.TRY_AGAIN_LATER, "missed too much; fetch the inbox")
            else:
                self._go_live(replay, replayed, held)

    def _request_replay(self, rpc: RpcClient | RpcQueue, since: str | None) -> Replay:
        request = ReplayRequest(user_id=self.identity.user_id, since=since, limit=MAX_REPLAY)
        return rpc.call_as_gateway("notifications.missed", request, Replay)

    def _frames(self, replay: Replay) -> list[bytes] | None:
        """Return the frames of a replay; None if it is incomplete or larger than the send buffer."""
        found = [frames.notification(item) for item in replay.items]
        found += [frames.changed(item) for item in replay.changed]
        if replay.read:
            found.append(frames.read(replay.read, replay.unread))
        fits = sum(map(len, found)) + READY_SIZE <= self.buffer.room
        return found if fits and replay.resumed and not replay.more else None

    def _go_live(self, replay: Replay, replayed: list[bytes], held: list[Write]) -> None:
        """Write a replay, then the held frames; unless a newer replay was requested meanwhile, which contains them."""
        for frame in replayed:
            self.buffer.send(frame)
        self._newest = replay.newest or BEGINNING
        self._unread = replay.unread
        self._replayed = {self._newest, *(item.id for item in replay.items)}
        self._replayed_read = set(replay.read)
        if self._held is held:
            self._held = None
            for write in held:
                write()

    def _write(self, write: Write) -> None:
        """Write now, or after the replay."""
        if self._held is None:
            write()
        else:
            self._held.append(write)

    def _notify(self, notification_id: str, frame: bytes) -> None:
        if notification_id not in self._replayed:
            self._newest = notification_id
            self._unread += 1
            self.buffer.send(frame)

    def _mark_read(self, ids: Collection[str], unread: int | None) -> None:
        if not self._replayed_read.issuperset(ids):
            self._unread = self._unread if unread is None else unread
            self.buffer.send(frames.read(ids, self._unread))
