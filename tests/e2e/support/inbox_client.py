"""A websocket client that keeps a copy of its user's inbox, as docs/websocket.md describes."""

import socket
from contextlib import suppress
from typing import Any

import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from tests.e2e.support.client import Client
from tests.e2e.support.frames import receive

BEGINNING = "00000000-0000-0000-0000-000000000000"  # comes before all notifications


class InboxClient:
    """Fetches the inbox where the server cannot resume, and otherwise only applies frames."""

    def __init__(self, user: Client) -> None:
        self.unread = 0
        self.resumes = 0
        self.websocket: ClientConnection | None = None
        self._items: dict[str, dict[str, Any]] = {}  # oldest first
        self._seq = 0  # of the last frame
        self._user = user

    @property
    def state(self) -> tuple[list[dict[str, Any]], int]:
        """The notifications, oldest first, and the number of unread ones."""
        return list(self._items.values()), self.unread

    def connect(self) -> bool:
        """Fetch the inbox if none is known, and resume after its newest notification; repeat if that is not possible.

        Return whether the client is connected.
        """
        try:
            if not self._items:
                self.fetch()
            while not self._resume():
                self.disconnect()
                self.fetch()
        except (ConnectionClosed, InvalidStatus, requests.HTTPError):
            self.websocket = None
        return self.websocket is not None

    def fetch(self) -> None:
        """Replace the copy by the inbox."""
        pages = [self._page()]
        while pages[-1]["next"]:
            pages.append(self._page(cursor=pages[-1]["next"]))
        newest_first = [item for page in pages for item in page["items"]]
        self._items = {item["id"]: _item(item, read=item["read_at"] is not None) for item in reversed(newest_first)}
        self.unread = pages[-1]["unread"]

    def apply_received(self) -> None:
        """Apply the frames that have arrived."""
        try:
            while self.websocket is not None:
                self._apply(receive(self.websocket, 0))
        except TimeoutError:
            return
        except ConnectionClosed:
            self.websocket = None

    def disconnect(self) -> None:
        """Close the websocket; frames that were not applied are lost."""
        if self.websocket is not None:
            self.websocket.close()
        self.websocket = None

    def drop_connection(self) -> None:
        """Shut the TCP connection down without a close frame."""
        if self.websocket is not None:
            with suppress(OSError):  # the server may have closed it
                self.websocket.socket.shutdown(socket.SHUT_RDWR)
        self.websocket = None

    def _resume(self) -> bool:
        last = next(reversed(self._items), BEGINNING)
        self.websocket = self._user.connect(f"?since={last}")
        ready = receive(self.websocket)
        self._seq = ready["seq"]
        if not ready["resumed"]:
            self.unread = ready["unread"]
        self.resumes += ready["resumed"]
        return bool(ready["resumed"])

    def _page(self, **query: Any) -> dict[str, Any]:
        response = self._user.get("/notifications/", params={"limit": 100} | query)
        response.raise_for_status()
        page: dict[str, Any] = response.json()
        return page

    def _apply(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "synced":
            self._seq = frame["seq"]
        elif "seq" in frame:
            assert frame["seq"] == self._seq + 1, f"a gap after frame {self._seq}: {frame}"
            self._seq = frame["seq"]
        if frame["type"] == "notification" and frame["id"] not in self._items:
            self._items[frame["id"]] = _item(frame, read=False)
            self.unread += 1
        elif frame["type"] == "changed" and frame["id"] in self._items:
            self._items[frame["id"]] = _item(frame, read=self._items[frame["id"]]["read"])
        elif frame["type"] == "read":
            for notification in self._items.keys() & set(frame["ids"]):
                self._items[notification]["read"] = True
            self.unread = frame["unread"]


def _item(notification: dict[str, Any], *, read: bool) -> dict[str, Any]:
    """Return the fields that a notification in the inbox and one in a frame have in common."""
    fields = {name: notification[name] for name in ("id", "kind", "title", "message", "data", "created_at")}
    return fields | {"read": read}
