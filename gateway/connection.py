"""One websocket: replays what was missed, then goes live; also after the broker was away."""

import json
import time
from collections.abc import Callable

from gateway import frames
from gateway.outlet import Outlet
from gateway.rpc_client import RpcClient
from notifications.contract import BEGINNING, Missed, Notification, Replay
from users.contract import Identity

REPLAY = 1000  # notifications at most; who missed more fetches the inbox


class Connection:
    """State + frames received = state fetched again: a frame is held back while a replay is under way."""

    def __init__(
        self, identity: Identity, token_hash: str, outlet: Outlet, frame_of: Callable[[Notification], bytes]
    ) -> None:
        self.identity = identity
        self.token_hash = token_hash
        self.outlet = outlet
        self.looked_at = time.monotonic()  # at its session
        self._frame_of = frame_of
        self._newest = BEGINNING
        self._held: list[tuple[str, bytes]] | None = []  # None: live

    def deliver(self, notification_id: str, frame: bytes) -> None:
        """Write a frame, or hold it back until the replay is done."""
        if self._held is not None:
            self._held.append((notification_id, frame))
        else:
            self._newest = notification_id
            self.outlet.send(frame)

    def start(self, rpc: RpcClient, since: str | None) -> None:
        """Greet, replay what came after `since`, go live."""
        replay = self._missed(rpc, since)
        resumed = replay.resumed and not replay.more
        greeting = {"type": "ready", "unread": replay.unread, "resumed": resumed}
        self.outlet.send(frames.text(json.dumps(greeting).encode()))
        self._newest = replay.newest or BEGINNING
        self._go_live(replay.items if resumed else [])

    def hold(self) -> None:
        """Hold frames back until the next `catch_up`."""
        self._held = self._held or []

    def catch_up(self, rpc: RpcClient) -> None:
        """Replay what was missed since the last frame; a gap too large is left to the client."""
        self.hold()
        replay = self._missed(rpc, self._newest)
        if replay.resumed and not replay.more:
            self._go_live(replay.items)
        else:
            self.outlet.end(frames.TRY_AGAIN_LATER, "missed too much; fetch the inbox")

    def _missed(self, rpc: RpcClient, since: str | None) -> Replay:
        request = Missed(user_id=self.identity.user_id, since=since, limit=REPLAY)
        return rpc.ask("notifications.missed", request, Replay)

    def _go_live(self, missed: list[Notification]) -> None:
        """Write the missed ones in order, then what came meanwhile and was not among them."""
        held, self._held = self._held or [], None
        for notification in missed:
            self.deliver(notification.id, self._frame_of(notification))
        known = {notification.id for notification in missed}
        for notification_id, frame in held:
            if notification_id not in known:
                self.deliver(notification_id, frame)
