"""A client of the websocket that keeps its inbox up to date, as docs/websocket.md describes."""

import socket as sockets
from typing import Any

import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from tests.e2e.support.person import Person, received


class Screen:
    """The inbox that one client shows: fetched where necessary, otherwise kept from frames."""

    def __init__(self, person: Person) -> None:
        self.unread = 0
        self.resumed = 0  # times
        self.socket: ClientConnection | None = None
        self._items: dict[str, dict[str, Any]] = {}  # oldest first
        self._person = person

    @property
    def state(self) -> tuple[list[dict[str, Any]], int]:
        """Everything that the window shows, and the number on it."""
        return list(self._items.values()), self.unread

    def connect(self) -> bool:
        """Go on from the newest that is known; where that cannot be, fetch the inbox first and try again.

        False where the gateway cannot do either at this moment.
        """
        try:
            while not self._resumed():
                if not self.fetch():
                    return True  # nothing is there yet, so nothing was missed
                self.leave()
        except (ConnectionClosed, InvalidStatus, requests.HTTPError):
            self.socket = None
        return self.socket is not None

    def fetch(self) -> bool:
        """Read the inbox page by page; false if there is nothing in it."""
        pages = [self._page()]
        while pages[-1]["next"]:
            pages.append(self._page(cursor=pages[-1]["next"]))
        newest_first = [item for page in pages for item in page["items"]]
        self._items = {item["id"]: _shown(item, read=item["read_at"] is not None) for item in reversed(newest_first)}
        self.unread = pages[-1]["unread"]
        return bool(self._items)

    def look(self) -> None:
        """Apply what has arrived so far."""
        try:
            while self.socket is not None:
                self._apply(received(self.socket, 0))
        except TimeoutError:
            return
        except ConnectionClosed:
            self.socket = None

    def leave(self) -> None:
        """Close as one should; what was not looked at is lost."""
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def vanish(self) -> None:
        """Break the line without a word."""
        if self.socket is not None:
            self.socket.socket.shutdown(sockets.SHUT_RDWR)
        self.socket = None

    def _resumed(self) -> bool:
        last = next(reversed(self._items), None)
        # Frames wait in memory until they are looked at: a socket that is not read could not be closed either.
        self.socket = self._person.listen(f"?since={last}" if last else "", max_queue=None)
        ready = received(self.socket)
        if not ready["resumed"]:
            self.unread = ready["unread"]
        self.resumed += ready["resumed"]
        return bool(ready["resumed"])

    def _page(self, **query: Any) -> dict[str, Any]:
        reply = self._person.get("/notifications/", params={"limit": 100} | query)
        reply.raise_for_status()
        page: dict[str, Any] = reply.json()
        return page

    def _apply(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "notification" and frame["id"] not in self._items:
            self._items[frame["id"]] = _shown(frame, read=False)
            self.unread += 1
        elif frame["type"] == "changed" and frame["id"] in self._items:
            self._items[frame["id"]] = _shown(frame, read=self._items[frame["id"]]["read"])
        elif frame["type"] == "read":
            for notification in self._items.keys() & set(frame["ids"]):
                self._items[notification]["read"] = True
            self.unread = frame["unread"]


def _shown(item: dict[str, Any], *, read: bool) -> dict[str, Any]:
    """Return the fields of a notification from an inbox or a frame."""
    words = {name: item[name] for name in ("id", "kind", "title", "message", "data", "created_at")}
    return words | {"read": read}
