"""One websocket: replays missed notifications, then sends live frames; again after a gap."""

import time
from dataclasses import dataclass

from gevent.lock import BoundedSemaphore

from gateway.websocket import frames
from gateway.websocket.replays import Replays
from gateway.websocket.send_buffer import SendBuffer
from notifications.contract import BEGINNING, Replay, ReplayRequest
from users.contract import Identity

MAX_REPLAY = 1000  # notifications; a client that missed more fetches the inbox
READY_SIZE = 100  # bytes, at most, of the `ready` and the `synced` frame


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """A frame of an event. `seq` is None for events of the previous version, which may overtake each other."""

    seq: int | None
    data: bytes
    notification_id: str | None = None  # of a new notification


class Connection:
    """State + frames received = state fetched again.

    Each frame has the next number of its user. A frame with a number that was sent is dropped; one that comes too early
    waits for those before it. If they do not come, the monitor requests a replay: a snapshot, with the number of the
    last frame in it. So no frame is sent unless all before it were sent, and the last notification that a client has
    seen is where a replay continues without a gap.
    """

    def __init__(self, identity: Identity, token_hash: str, buffer: SendBuffer) -> None:
        self.identity = identity
        self.token_hash = token_hash
        self.buffer = buffer
        self.checked_at = time.monotonic()  # when its session was last checked
        self.gap_since: float | None = None  # since when a frame waits for one before it
        self._newest = BEGINNING  # the last notification that was sent
        self._sent: int | None = None  # the number of the last frame that was sent; None: unknown
        self._early: dict[int, LiveFrame] = {}
        self._held: list[LiveFrame] | None = []  # None: live
        self._replay_lock = BoundedSemaphore()

    def receive(self, frame: LiveFrame) -> None:
        """Send a frame in its turn, or after the replay."""
        if self._held is not None:
            self._held.append(frame)
        elif frame.seq is None or self._sent is None or (frame.seq == self._sent + 1 and not self._early):
            self._send(frame)
        elif frame.seq > self._sent:
            self._early[frame.seq] = frame
            self._send_next()

    def start(self, replays: Replays, since: str | None) -> None:
        """Send `ready`, replay what happened after `since`, go live."""
        with self._replay_lock:
            held = self.hold()
            replay = self._request_replay(replays, since)
            replayed = self._frames(replay)
            self.buffer.send(frames.ready(replay.unread, resumed=replayed is not None, seq=replay.seq))
            self._go_live(replay, replayed or [], held)

    def end_session(self) -> None:
        """Close the websocket: its session ended."""
        self.buffer.end(frames.POLICY_VIOLATION, "the session ended")

    def go_away(self) -> None:
        """Close the websocket: this process stops. Its client may resume at another."""
        self.buffer.end(frames.GOING_AWAY, "restarting")

    def give_up(self) -> None:
        """Close the websocket, which cannot be brought up to date now; its client may resume later."""
        self.buffer.end(frames.TRY_AGAIN_LATER, "come back with ?since=")

    def hold(self) -> list[LiveFrame]:
        """Hold back frames from now on; earlier ones that wait are dropped, because the next replay contains them."""
        held: list[LiveFrame] = []
        self._held = held
        self._early.clear()
        self.gap_since = None
        return held

    def catch_up(self, replays: Replays) -> None:
        """Replay what was missed since the last frame; close if that is too much for a replay."""
        with self._replay_lock:
            held = self.hold()
            replay = self._request_replay(replays, self._newest)
            replayed = self._frames(replay)
            if replayed is None:
                self.buffer.end(frames.TRY_AGAIN_LATER, "missed too much; fetch the inbox")
                return
            if replay.seq is not None and replay.seq != self._sent:
                replayed.append(frames.synced(replay.seq))
            self._go_live(replay, replayed, held)

    def _request_replay(self, replays: Replays, since: str | None) -> Replay:
        user_id = self.identity.user_id
        request = ReplayRequest(user_id=user_id, since=since, limit=MAX_REPLAY, recently_read=False)
        return replays.fetch(request)

    def _frames(self, replay: Replay) -> list[bytes] | None:
        """Return the frames of a replay; None if it is incomplete or larger than the send buffer."""
        found = _replayed(replay)
        fits = sum(map(len, found)) + READY_SIZE <= self.buffer.room
        return found if fits and replay.resumed and not replay.more else None

    def _go_live(self, replay: Replay, replayed: list[bytes], held: list[LiveFrame]) -> None:
        """Write a replay, then the held frames; unless a newer replay was requested meanwhile, which contains them."""
        for data in replayed:
            self.buffer.send(data)
        self._newest = replay.newest or BEGINNING
        self._sent = replay.seq
        if self._held is held:
            self._held = None
            for frame in held:
                self.receive(frame)

    def _send_next(self) -> None:
        """Send the frames whose turn it is."""
        while self._sent is not None and (frame := self._early.pop(self._sent + 1, None)):
            self._send(frame)
        if not self._early:
            self.gap_since = None
        elif self.gap_since is None:
            self.gap_since = time.monotonic()

    def _send(self, frame: LiveFrame) -> None:
        self.buffer.send(frame.data)
        self._newest = frame.notification_id or self._newest
        if frame.seq is not None:
            self._sent = frame.seq


def _replayed(replay: Replay) -> list[bytes]:
    """Return the frames of a replay, in an order in which a client may stop at any of them.

    If the connection ends in between, the client continues after the last notification that it has seen. So what
    happened to older notifications comes before the new ones, and what happened to a new one directly after it.
    """
    read = set(replay.read)
    new = {item.id for item in replay.items}
    earlier = [notification_id for notification_id in replay.read if notification_id not in new]
    unread = replay.unread - len(new - read)
    found = [frames.changed(item) for item in replay.changed]
    if earlier:
        found.append(frames.read(earlier, unread))
    for item in replay.items:
        found.append(frames.notification(item))
        if item.id in read:
            found.append(frames.read([item.id], unread))
        else:
            unread += 1
    return [frame.numbered(None) for frame in found]
