"""What takes the place of a client's socket and of a session in the tests of websockets."""

import json
import time
from datetime import timedelta
from typing import Any

from chassis import clock
from chassis.ids import new_id
from users.contract import Identity

HOUR = timedelta(hours=1)


class RecordingBuffer:
    """A send buffer that records what would be sent, and how it was ended."""

    room = 10_000  # bytes

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.ended: int | None = None
        self.aborted = False
        self.last_received = time.monotonic()

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The content of the text frames."""
        return [json.loads(frame[frame.index(b"{") :]) for frame in self.sent]

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    def end(self, code: int, _reason: str) -> None:
        self.ended = code

    def abort(self) -> None:
        self.aborted = True


def identity(expires_in: timedelta = HOUR, **fields: str) -> Identity:
    """Return the identity of a user; `fields` replace its random ids."""
    ids = {"user_id": new_id(), "session_id": new_id()} | fields
    return Identity(**ids, username="ada", is_staff=False, expires_at=clock.now() + expires_in)
