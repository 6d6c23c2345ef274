"""A user with a client: an address, a name, a password, and perhaps a session and open websockets."""

import json
import secrets
from contextlib import ExitStack, suppress
from typing import Any, Self

import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PASSWORD = "correct horse battery"
TIMEOUT = 15  # seconds


class Person:
    """Uses the gateway as any client does."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = f"p_{secrets.token_hex(6)}"
        self.address = ".".join(str(1 + secrets.randbelow(250)) for _ in range(4))
        self.account: dict[str, Any] = {}
        self.token: str | None = None
        self._open = ExitStack()
        self._http = self._open.enter_context(requests.Session())

    @property
    def id(self) -> str:
        return str(self.account["id"])

    @property
    def email(self) -> str:
        return f"{self.name}@example.org"

    @property
    def headers(self) -> dict[str, str]:
        found = {"X-Forwarded-For": self.address}
        return found | {"Authorization": f"Bearer {self.token}"} if self.token else found

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request, signed in if the person is."""
        headers = self.headers | options.pop("headers", {})
        return self._http.request(method, self.url + path, headers=headers, timeout=TIMEOUT, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.ask("POST", path, json=body, **options)

    def put(self, path: str, body: Any) -> requests.Response:
        return self.ask("PUT", path, json=body)

    def delete(self, path: str, body: Any = None) -> requests.Response:
        return self.ask("DELETE", path, json=body)

    def register(self, **account: object) -> None:
        fields = {"username": self.name, "email": self.email, "password": PASSWORD} | account
        reply = self.post("/register/", fields)
        assert reply.status_code == 201, reply.text
        self.account = reply.json()

    def login(self) -> None:
        reply = self.post("/login/", {"username": self.name, "password": PASSWORD})
        assert reply.status_code == 200, reply.text
        self.token = reply.json()["token"]

    def writes(self, text: str) -> dict[str, Any]:
        """Post and return the post."""
        reply = self.post("/create-post/", {"text": text})
        assert reply.status_code == 201, reply.text
        post: dict[str, Any] = reply.json()
        return post

    def inbox(self, **query: Any) -> dict[str, Any]:
        reply = self.get("/notifications/", params=query)
        assert reply.status_code == 200, reply.text
        page: dict[str, Any] = reply.json()
        return page

    def listen(self, query: str = "", **options: Any) -> ClientConnection:
        """Open a websocket; the caller reads `ready` first."""
        address = self.url.replace("http", "ws", 1) + "/ws/notifications/" + query
        socket: ClientConnection = self._open.enter_context(
            connect(address, additional_headers=self.headers, open_timeout=TIMEOUT, **options)
        )
        return socket

    def at(self, url: str) -> Self:
        """Go on at another gateway."""
        self.url = url
        return self

    def leave(self) -> None:
        """Sign out, so that later posts do not notify this user."""
        with suppress(requests.RequestException):
            if self.token:
                self.post("/logout/")
        self.close()

    def close(self) -> None:
        self._open.close()


def closed_with(socket: ClientConnection, limit: float = TIMEOUT) -> int:
    """Wait until the server closes, and return the close code."""
    return receive_until_closed(socket, limit)[1]


def receive_until_closed(socket: ClientConnection, limit: float = TIMEOUT) -> tuple[list[dict[str, Any]], int]:
    """Return all frames until the server closes, and the close code."""
    frames: list[dict[str, Any]] = []
    try:
        while True:
            frames.append(received(socket, limit))
    except ConnectionClosed as end:
        return frames, end.rcvd.code if end.rcvd else 1006


def received(socket: ClientConnection, limit: float = TIMEOUT) -> dict[str, Any]:
    """Return the next frame; TimeoutError when none comes."""
    frame: dict[str, Any] = json.loads(socket.recv(timeout=limit))
    return frame


def receive_notification(socket: ClientConnection, limit: float = TIMEOUT) -> dict[str, Any]:
    """Return the next notification, skipping other frames."""
    while (frame := received(socket, limit))["type"] != "notification":
        pass
    return frame


def problem(reply: Any, status: int) -> dict[str, Any]:
    """Check that a reply is a problem document with this status."""
    assert reply.status_code == status, reply.text
    assert reply.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = reply.json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= document.keys()
    assert document["status"] == status
    assert document["request_id"] == reply.headers["X-Request-ID"]
    return document
