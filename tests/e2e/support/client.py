"""A client of the public API: HTTP and websockets, with an IP address of its own."""

import secrets
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, Self

import requests
from websockets.sync.client import ClientConnection, connect

PASSWORD = "correct horse battery"
TIMEOUT = 30  # seconds


class Client:
    """A client without an account; `register` and `login` make it a user's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.username = f"p_{secrets.token_hex(6)}"
        self.ip_address = ".".join(str(1 + secrets.randbelow(250)) for _ in range(4))
        self.account: dict[str, Any] = {}
        self.token: str | None = None
        self._connections = ExitStack()
        self._http = self._connections.enter_context(requests.Session())

    @property
    def id(self) -> str:
        return str(self.account["id"])

    @property
    def email(self) -> str:
        return f"{self.username}@example.org"

    @property
    def headers(self) -> dict[str, str]:
        headers = {"X-Forwarded-For": self.ip_address}
        return headers | {"Authorization": f"Bearer {self.token}"} if self.token else headers

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request, with the token if there is one."""
        headers = self.headers | options.pop("headers", {})
        return self._http.request(method, self.url + path, headers=headers, timeout=TIMEOUT, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.request("POST", path, json=body, **options)

    def put(self, path: str, body: Any) -> requests.Response:
        return self.request("PUT", path, json=body)

    def delete(self, path: str, body: Any = None) -> requests.Response:
        return self.request("DELETE", path, json=body)

    def register(self, **fields: object) -> None:
        body = {"username": self.username, "email": self.email, "password": PASSWORD} | fields
        response = self.post("/register/", body)
        assert response.status_code == 201, response.text
        self.account = response.json()

    def login(self) -> None:
        response = self.post("/login/", {"username": self.username, "password": PASSWORD})
        assert response.status_code == 200, response.text
        self.token = response.json()["token"]

    def create_post(self, text: str) -> dict[str, Any]:
        response = self.post("/create-post/", {"text": text})
        assert response.status_code == 201, response.text
        post: dict[str, Any] = response.json()
        return post

    def inbox(self, **query: Any) -> dict[str, Any]:
        """Return a page of the user's notifications, newest first."""
        response = self.get("/notifications/", params=query)
        assert response.status_code == 200, response.text
        page: dict[str, Any] = response.json()
        return page

    def connect(self, query: str = "", **options: Any) -> ClientConnection:
        """Open a websocket. Its first frame is `ready`.

        Its queue has no limit: with a full one it reads no pongs either, and closes itself after 40 seconds.
        """
        address = self.url.replace("http", "ws", 1) + "/ws/notifications/" + query
        websocket: ClientConnection = self._connections.enter_context(
            connect(address, additional_headers=self.headers, open_timeout=TIMEOUT, **{"max_queue": None} | options)
        )
        return websocket

    def use_gateway(self, url: str) -> Self:
        """Send further requests to the gateway at this address."""
        self.url = url
        return self

    def logout_and_close(self) -> None:
        """Log out, so that no later post notifies this user, and close all connections."""
        with suppress(requests.RequestException):
            if self.token:
                self.post("/logout/")
        self.close()

    def close(self) -> None:
        self._connections.close()


NewClient = Callable[..., Client]
