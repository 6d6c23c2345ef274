"""`make demo`: three people, one post, and who was told of it by which channel.

With BARAZA_URL set, on the platform there; BARAZA_MAILBOX and BARAZA_SMS tell where its stand-ins for vendors are.
"""

import json
import os
import secrets
import sys
import time
from collections.abc import Mapping
from typing import Any

import requests
from websockets.sync.client import connect

from docker.dev.instance import Instance
from docker.dev.waiting import TimeLimitError, until

_LIMIT = 30  # seconds
_PASSWORD = secrets.token_urlsafe(16)


def main() -> int:
    """Return the exit code."""
    instance = Instance("run")
    elsewhere = "BARAZA_URL" in os.environ
    if not elsewhere and not instance.running():
        print("nothing runs: `make run` first, in another terminal", file=sys.stderr)
        return 1
    try:
        Story(os.environ if elsewhere else instance.environment).play()
    except (requests.RequestException, TimeLimitError, TimeoutError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


class Story:
    """Amina posts, Brian listens, Chebet has signed out."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._api = environment["BARAZA_URL"]
        self._mailbox = environment.get("BARAZA_MAILBOX")
        self._sms = environment.get("BARAZA_SMS")
        self._started = time.monotonic()

    def play(self) -> None:
        """Tell it step by step."""
        tag = secrets.token_hex(3)
        phone = f"+254711{secrets.randbelow(10**6):06d}"
        amina = self._join(f"amina_{tag}")
        brian = self._join(f"brian_{tag}", phone=phone, notify_by=["realtime", "email", "sms"])
        chebet = self._join(f"chebet_{tag}")
        self._call("POST", "/logout/", chebet)
        self._tell("chebet signs out")
        self._post_and_listen(amina, brian)
        self._show_deliveries(brian)
        self._show_who_got_nothing(amina, chebet)

    def _post_and_listen(self, author: dict[str, Any], reader: dict[str, Any]) -> None:
        address = f"{self._api.replace('http', 'ws', 1)}/ws/notifications/"
        with connect(address, additional_headers=reader["headers"]) as socket:
            self._tell(f"brian opens a websocket: {socket.recv(timeout=_LIMIT)!s}")
            posted = time.monotonic()
            post = self._call("POST", "/create-post/", author, text="Karibu! The bench under the tree is free.")
            self._tell(f"amina posts: {post['text']}")
            frame = json.loads(socket.recv(timeout=_LIMIT))
            latency = 1000 * (time.monotonic() - posted)
        self._tell(f"brian's websocket, {latency:.0f} ms after the request: {frame['title']}: {frame['message']}")

    def _show_deliveries(self, reader: dict[str, Any]) -> None:
        """Wait for what the vendors' stand-ins got; a real mail server or SMS gateway does not tell us."""
        if self._mailbox:
            self._tell(f"e-mail to {reader['email']}: {self._arrived(self._mailbox, reader['email'])['subject']}")
        if self._sms:
            self._tell(f"SMS to {reader['phone']}: {self._arrived(self._sms, reader['phone'])['text']}")
            until(lambda: self._status(reader, "sms") == "delivered", "the delivery report", _LIMIT)
            self._tell("the provider reports: delivered")

    def _show_who_got_nothing(self, author: dict[str, Any], leaver: dict[str, Any]) -> None:
        leaver |= self._sign_in(leaver["name"])
        for person, why in ((author, "who wrote it"), (leaver, "who was signed out")):
            inbox = self._call("GET", "/notifications/", person)["items"]
            mails = self._messages(self._mailbox, person["email"]) if self._mailbox else []
            self._tell(f"{person['name']}, {why}: {len(inbox)} notifications, {len(mails)} e-mails")

    def _join(self, name: str, **more: object) -> dict[str, Any]:
        """Register and sign in."""
        email = f"{name}@example.org"
        self._call("POST", "/register/", username=name, email=email, password=_PASSWORD, **more)
        person = {"name": name, "email": email} | self._sign_in(name) | more
        self._tell(f"{name} registers and signs in")
        return person

    def _sign_in(self, name: str) -> dict[str, Any]:
        token = self._call("POST", "/login/", username=name, password=_PASSWORD)["token"]
        return {"headers": {"Authorization": f"Bearer {token}"}}

    def _call(self, method: str, path: str, who: Mapping[str, Any] | None = None, /, **body: object) -> dict[str, Any]:
        """Call the API; RequestException with the problem's detail if it refuses."""
        headers = who["headers"] if who else {}
        reply = requests.request(method, self._api + path, json=body, headers=headers, timeout=_LIMIT, verify=False)  # noqa: S501 - it need not name 127.0.0.1
        document: dict[str, Any] = reply.json() if reply.content else {}
        if not reply.ok:
            raise requests.RequestException(f"{method} {path}: {reply.status_code} {document.get('detail')}")
        return document

    def _status(self, reader: Mapping[str, Any], channel: str) -> str:
        newest = self._call("GET", "/notifications/", reader)["items"][0]["id"]
        deliveries = self._call("GET", f"/notifications/detail/{newest}/", reader)["deliveries"]
        return next(str(one["status"]) for one in deliveries if one["channel"] == channel)

    def _arrived(self, vendor: str, to: str) -> dict[str, Any]:
        until(lambda: bool(self._messages(vendor, to)), f"a message to {to}", _LIMIT)
        return self._messages(vendor, to)[0]

    @staticmethod
    def _messages(vendor: str, to: str) -> list[dict[str, Any]]:
        return list(requests.get(f"{vendor}/messages", params={"to": to}, timeout=_LIMIT).json())

    def _tell(self, what: str) -> None:
        print(f"  {time.monotonic() - self._started:5.1f} s  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
