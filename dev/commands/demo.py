"""`make demo`: three users, one post, and how it reaches each of them.

BARAZA_URL chooses another platform; BARAZA_MAILBOX and BARAZA_SMS are then the addresses of its fakes, if it has them.
Without a fake the demo cannot read the codes that verify addresses, and does not wait for messages to them.
"""

import json
import os
import re
import secrets
import time
from functools import partial
from typing import Any

import requests
from websockets.sync.client import connect

from dev import DevError
from dev.fakes.sms.rules import reachable_number
from dev.machine.waiting import until
from dev.platform.instance import find_running

_LIMIT = 30  # seconds
_CODE = re.compile(r"\b(\d{6}) confirms")
_STARTED = time.monotonic()


def demo() -> int:
    """Amina posts, Brian is notified on all channels, Chebet has signed out."""
    environment = os.environ if "BARAZA_URL" in os.environ else find_running().environment
    url, mailbox, sms = (environment.get(f"BARAZA_{name}", "") for name in ("URL", "MAILBOX", "SMS"))
    phone = reachable_number()
    try:
        amina, chebet = User(url, "amina"), User(url, "chebet")
        brian = User(url, "brian", phone=phone, notify_by=["realtime", "email", "sms"])
        for user in (amina, brian, chebet):
            user.verify(mailbox, sms if user is brian else "")
        chebet.call("POST", "/logout/")
        _print(f"{chebet.name} signs out")
        _post_and_listen(amina, brian)
        subject = f"{amina.name} posted"
        if mailbox:
            until(lambda: subject in _subjects(mailbox, brian.email), "the e-mail", _LIMIT)
            _print(f"e-mail to {brian.email}: {subject}")
        if sms:
            until(lambda: brian.sms_status() == "delivered", "the delivery report", _LIMIT)
            _print(f"SMS to {phone}: {_messages(sms, phone)[-1]['text']}")
            _print("the provider's delivery report: delivered")
        chebet.sign_in()
        for user, reason in ((amina, "the author"), (chebet, "signed out")):
            mails = _subjects(mailbox, user.email).count(subject) if mailbox else 0
            _print(f"{user.name} ({reason}): {len(user.inbox())} notifications, {mails} e-mails about the post")
    except (requests.RequestException, TimeoutError) as error:
        raise DevError(str(error)) from error
    return 0


class User:
    """A user of the HTTP API, registered and signed in."""

    def __init__(self, url: str, name: str, **account: object) -> None:
        self.url, self.name = url, f"{name}_{secrets.token_hex(3)}"
        self.email, self.headers = f"{self.name}@example.org", dict[str, str]()
        self._phone = str(account.get("phone", ""))
        self._login = {"username": self.name, "password": secrets.token_urlsafe(16)}
        self.call("POST", "/register/", **self._login, email=self.email, **account)
        self.sign_in()
        _print(f"{self.name} registers and signs in")

    def verify(self, mailbox: str, sms: str) -> None:
        """Verify the e-mail address and the phone number by the codes in these fakes; without a fake do nothing."""
        channels = [("email", mailbox, self.email), ("sms", sms, self._phone)]
        codes = [f"{self._verify(*one)} sent to {one[2]}" for one in channels if one[1]]
        if codes:
            _print(f"{self.name} verifies by the code {', and by the code '.join(codes)}")

    def _verify(self, channel: str, fake: str, address: str) -> str:
        self.call("POST", "/verification/", channel=channel)  # does nothing if the registration has sent a code
        code = until(partial(_code, fake, address), f"the code to {address}", _LIMIT)
        self.call("POST", "/verification/confirm/", channel=channel, code=code)
        return code

    def sign_in(self) -> None:
        """Start a session."""
        self.headers["Authorization"] = f"Bearer {self.call('POST', '/login/', **self._login)['token']}"

    def call(self, method: str, path: str, **body: object) -> dict[str, Any]:
        """Return the JSON of a response; raise DevError with its detail if it is an error."""
        # The certificate need not name 127.0.0.1.
        reply = requests.request(method, self.url + path, json=body, headers=self.headers, timeout=_LIMIT, verify=False)  # noqa: S501
        document: dict[str, Any] = reply.json() if reply.content else {}
        if not reply.ok:
            raise DevError(explanation(method, path, reply))
        return document

    def inbox(self) -> list[dict[str, Any]]:
        """Return the notifications, newest first."""
        return list(self.call("GET", "/notifications/")["items"])

    def sms_status(self) -> str:
        """Return the status of the SMS about the newest notification."""
        deliveries = self.call("GET", f"/notifications/detail/{self.inbox()[0]['id']}/")["deliveries"]
        return next(str(one["status"]) for one in deliveries if one["channel"] == "sms")


def explanation(method: str, path: str, reply: requests.Response) -> str:
    """Return what went wrong; for a rate limit also how to go on."""
    document = reply.json()
    text = f"{method} {path}: {reply.status_code} {document.get('detail')}"
    if reply.status_code != requests.codes.too_many_requests or document.get("code") == "too_many_codes":
        return text
    minutes = 1 + int(reply.headers.get("Retry-After", "0")) // 60
    limit = reply.headers.get("X-RateLimit-Limit")
    return (
        f"{text}\nThis address has sent the {limit} requests that it may send in an hour. It may go on in {minutes} "
        "minutes. To raise the limits, start the platform with\n"
        "  THROTTLE_ANON=10000/hour THROTTLE_LOGIN=10000/hour THROTTLE_REGISTER=10000/hour make run"
    )


def _post_and_listen(author: User, reader: User) -> None:
    with connect(
        f"{reader.url.replace('http', 'ws', 1)}/ws/notifications/", additional_headers=reader.headers
    ) as socket:
        _print(f"brian opens a websocket: {socket.recv(timeout=_LIMIT)!s}")
        posted = time.monotonic()
        post = author.call("POST", "/create-post/", text="Karibu! The bench under the tree is free.")
        _print(f"amina posts: {post['text']}")
        frame = json.loads(socket.recv(timeout=_LIMIT))
        latency = 1000 * (time.monotonic() - posted)
    _print(f"brian's websocket, {latency:.0f} ms after the request: {frame['title']}: {frame['message']}")


def _code(fake: str, to: str) -> str:
    """Return the code in the newest message to an address or a number. Raises LookupError if there is none yet."""
    newest = requests.get(f"{fake}/newest", params={"to": to}, timeout=_LIMIT)
    found = _CODE.search(newest.text)
    if not newest.ok or found is None:
        raise LookupError("there is none")
    return found[1]


def _subjects(mailbox: str, to: str) -> list[str]:
    return [str(mail["subject"]) for mail in _messages(mailbox, to)]


def _messages(fake: str, to: str) -> list[dict[str, Any]]:
    return list(requests.get(f"{fake}/messages", params={"to": to}, timeout=_LIMIT).json())


def _print(text: str) -> None:
    print(f"  {time.monotonic() - _STARTED:5.1f} s  {text}", flush=True)
