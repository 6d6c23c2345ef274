"""`make demo`: three users, one post, and how it reaches each of them.

BARAZA_URL chooses another platform; BARAZA_MAILBOX and BARAZA_SMS are then the addresses of its fakes, if it has them.
"""

import json
import os
import secrets
import time
from collections.abc import Mapping
from typing import Any

import requests
from websockets.sync.client import connect

from dev import DevError
from dev.machine.waiting import until
from dev.platform.instance import find_running

_LIMIT = 30  # seconds

User = dict[str, Any]


def demo() -> int:
    """Amina posts, Brian is notified on all channels, Chebet has signed out."""
    try:
        Demo(os.environ if "BARAZA_URL" in os.environ else find_running().environment).play()
    except (requests.RequestException, TimeoutError) as error:
        raise DevError(str(error)) from error
    return 0


class Demo:
    """The demo on a platform with these variables."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._api = environment["BARAZA_URL"]
        self._mailbox = environment.get("BARAZA_MAILBOX")
        self._sms = environment.get("BARAZA_SMS")
        self._tag, self._password = secrets.token_hex(3), secrets.token_urlsafe(16)
        self._started = time.monotonic()

    def play(self) -> None:
        """Print each step with its time."""
        phone = f"+254711{secrets.randbelow(10**6):06d}"
        amina = self._register("amina")
        brian = self._register("brian", phone=phone, notify_by=["realtime", "email", "sms"])
        chebet = self._register("chebet")
        self._call("POST", "/logout/", chebet)
        self._print("chebet signs out")
        self._post_and_listen(amina, brian)
        if self._mailbox:
            self._print(f"e-mail to {brian['email']}: {self._arrived(self._mailbox, brian['email'])['subject']}")
        if self._sms:
            self._print(f"SMS to {phone}: {self._arrived(self._sms, phone)['text']}")
            until(lambda: self._sms_status(brian) == "delivered", "the delivery report", _LIMIT)
            self._print("the provider's delivery report: delivered")
        self._sign_in(chebet)
        for user, reason in ((amina, "the author"), (chebet, "signed out")):
            inbox = self._call("GET", "/notifications/", user)["items"]
            mails = self._messages(self._mailbox, user["email"]) if self._mailbox else []
            self._print(f"{user['username']} ({reason}): {len(inbox)} notifications, {len(mails)} e-mails")

    def _post_and_listen(self, author: User, reader: User) -> None:
        address = f"{self._api.replace('http', 'ws', 1)}/ws/notifications/"
        with connect(address, additional_headers=_headers(reader)) as websocket:
            self._print(f"brian opens a websocket: {websocket.recv(timeout=_LIMIT)!s}")
            posted = time.monotonic()
            post = self._call("POST", "/create-post/", author, text="Karibu! The bench under the tree is free.")
            self._print(f"amina posts: {post['text']}")
            frame = json.loads(websocket.recv(timeout=_LIMIT))
            latency = 1000 * (time.monotonic() - posted)
        self._print(f"brian's websocket, {latency:.0f} ms after the request: {frame['title']}: {frame['message']}")

    def _register(self, name: str, **more: object) -> User:
        username = f"{name}_{self._tag}"
        user = {"username": username, "email": f"{username}@example.org", **more}
        self._call("POST", "/register/", password=self._password, **user)
        self._sign_in(user)
        self._print(f"{username} registers and signs in")
        return user

    def _sign_in(self, user: User) -> None:
        user["token"] = self._call("POST", "/login/", username=user["username"], password=self._password)["token"]

    def _call(self, method: str, path: str, user: User | None = None, /, **body: object) -> dict[str, Any]:
        """Call the API; raise DevError with the detail of an error response."""
        # The certificate need not name 127.0.0.1.
        options: dict[str, Any] = {"headers": _headers(user), "timeout": _LIMIT, "verify": False}
        reply = requests.request(method, self._api + path, json=body, **options)  # noqa: S113 - in options
        document: dict[str, Any] = reply.json() if reply.content else {}
        if not reply.ok:
            raise DevError(f"{method} {path}: {reply.status_code} {document.get('detail')}")
        return document

    def _sms_status(self, reader: User) -> str:
        newest = self._call("GET", "/notifications/", reader)["items"][0]["id"]
        deliveries = self._call("GET", f"/notifications/detail/{newest}/", reader)["deliveries"]
        return next(str(one["status"]) for one in deliveries if one["channel"] == "sms")

    def _arrived(self, fake: str, to: str) -> dict[str, Any]:
        until(lambda: bool(self._messages(fake, to)), f"a message to {to}", _LIMIT)
        return self._messages(fake, to)[0]

    @staticmethod
    def _messages(fake: str, to: str) -> list[dict[str, Any]]:
        return list(requests.get(f"{fake}/messages", params={"to": to}, timeout=_LIMIT).json())

    def _print(self, text: str) -> None:
        print(f"  {time.monotonic() - self._started:5.1f} s  {text}", flush=True)


def _headers(user: User | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {user['token']}"} if user else {}
