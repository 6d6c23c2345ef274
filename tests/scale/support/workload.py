"""Users who post, read, log in and keep websockets open while a test restarts or kills processes."""

import re
import secrets
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from itertools import cycle
from typing import Any

import requests

from dev.machine.waiting import GiveUpError, until
from dev.platform.instance import Instance
from tests.e2e.support.client import PASSWORD, Client, NewClient
from tests.e2e.support.fakes import mails_to, sms_to
from tests.e2e.support.inbox_client import InboxClient
from tests.e2e.support.load import notified_posts, repeating

AUTHORS, INBOX_CLIENTS, LOGINS = 2, 4, 20
NO_RESPONSE = 0  # in place of a status
PATHS = ("/all-posts/?limit=5", "/users/all/?limit=5", "/notifications/?limit=5", "/users/detail/{0.id}/")
PAUSE = 0.25  # seconds between two requests of a user
REQUEST_LIMIT = 60  # seconds until a repeated request must succeed
DELIVERY_LIMIT = 90  # seconds; deliveries of a killed process are taken over after 60


@dataclass(frozen=True)
class Failure:
    """A failed request, and the `during` of the workload at that time."""

    during: str
    request: str
    status: int
    body: str


class Workload:
    """Each request is repeated with the same Idempotency-Key until it succeeds, as a client should do."""

    def __init__(self, new_user: NewClient) -> None:
        self.failures: list[Failure] = []
        self.during = ""  # what the test is doing
        self._inboxes = [
            (reader, InboxClient(reader)) for reader in [new_user(notify_by=["realtime"]) for _ in range(INBOX_CLIENTS)]
        ]
        self._posts: Counter[str] = Counter()  # acknowledged posts, by text
        self._authors = [new_user(notify_by=[]) for _ in range(AUTHORS)]
        self._readers = [new_user(notify_by=[]) for _ in PATHS]
        self._logins = cycle([new_user(notify_by=[]) for _ in range(LOGINS)])
        self._email_user = new_user(notify_by=["email"])
        self._sms_user = new_user(notify_by=["sms"], phone=f"+254716{secrets.randbelow(10**6):06d}")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send requests until the block ends."""
        pairs = zip(self._readers, PATHS, strict=True)
        reads = [partial(self._request, reader, "GET", path.format(reader)) for reader, path in pairs]
        posts = [partial(self._post, author) for author in self._authors]
        updates = [partial(_update, inbox) for _, inbox in self._inboxes]
        with repeating(*reads, *posts, *updates, self._login, pause=PAUSE):
            yield

    def check_inboxes(self) -> None:
        """Check that every post is once in every inbox, fetched and as kept up to date by frames."""
        for reader, inbox in self._inboxes:
            self._wait_for_all(partial(self._in_inbox, reader), "in every inbox")
            self._wait_for_all(partial(self._in_frames, inbox), "in every client")

    def check_mails(self, platform: Instance, *, repeated: bool = False) -> None:
        """Check that every post was sent once by mail; where `repeated`, mails with one Message-ID count once."""
        self._wait_for_all(partial(self._in_mails, platform, repeated=repeated), "by mail")

    def check_sms(self, platform: Instance, *, unknown: bool = False) -> None:
        """Check that every post was sent once by SMS; where `unknown`, or its delivery has the status unknown."""

        def sent_or_unknown() -> Counter[str]:
            sent = self._in_sms(platform)
            return sent + (self._unknown_sms() - sent if unknown else Counter())

        self._wait_for_all(sent_or_unknown, "by SMS")

    def _wait_for_all(self, count: Callable[[], Counter[str]], where: str) -> None:
        """Wait until the counted posts are the acknowledged ones; give up at a post that is there too often."""

        def complete() -> None:
            delivered = count()
            if too_many := delivered - self._posts:
                raise GiveUpError(f"too often {where}: {too_many}")
            assert delivered == self._posts, f"missing {self._posts - delivered}"

        until(complete, f"every post {where}", DELIVERY_LIMIT)

    def _in_inbox(self, reader: Client) -> Counter[str]:
        return sum((notified_posts(reader, author) for author in self._authors), Counter())

    def _in_frames(self, inbox: InboxClient) -> Counter[str]:
        _update(inbox)
        return self._own_posts(item["message"] for item in inbox.state[0])

    def _in_mails(self, platform: Instance, *, repeated: bool) -> Counter[str]:
        names = [mail["id"] for mail in mails_to(platform.environment, self._email_user.email)]
        files = [platform.directory / "mailbox" / f"{name}.eml" for name in names]
        mails = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        different = {mail["Message-ID"] if repeated else number: mail for number, mail in enumerate(mails)}
        return self._own_posts(_text(mail) for mail in different.values())

    def _in_sms(self, platform: Instance) -> Counter[str]:
        messages = sms_to(platform.environment, str(self._sms_user.account["phone"]))
        return self._own_posts(message["text"] for message in messages)

    def _unknown_sms(self) -> Counter[str]:
        """Count the posts whose SMS delivery has the status unknown."""
        texts, page = [], self._sms_user.inbox(limit=100)
        while page["items"]:
            details = [self._sms_user.get(f"/notifications/detail/{item['id']}/").json() for item in page["items"]]
            texts += [one["message"] for one in details if "unknown" in {d["status"] for d in one["deliveries"]}]
            page = self._sms_user.inbox(limit=100, cursor=page["next"]) if page["next"] else {"items": []}
        return self._own_posts(texts)

    def _own_posts(self, texts: Iterable[str]) -> Counter[str]:
        """Count the posts of the workload's authors in texts that may contain others."""
        own = re.compile(rf"(?:{'|'.join(author.username for author in self._authors)}) \d+")
        return Counter(match[0] for text in texts if (match := own.search(text)))

    def _post(self, author: Client) -> None:
        text = f"{author.username} {len(self._posts)}"
        self._request(author, "POST", "/create-post/", {"text": text})
        self._posts[text] += 1

    def _login(self) -> None:
        user = next(self._logins)
        self._request(user, "POST", "/login/", {"username": user.username, "password": PASSWORD})

    def _request(self, user: Client, method: str, path: str, body: Any = None) -> None:
        """Repeat a request until it succeeds; record failures."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}

        def succeeds() -> bool:
            try:
                response = user.request(method, path, json=body, headers=headers)
            except requests.RequestException as error:
                status, text = NO_RESPONSE, repr(error)
            else:
                status, text = response.status_code, response.text
            if not 200 <= status < 300:
                self.failures.append(Failure(self.during, f"{method} {path}", status, text))
            return 200 <= status < 300

        until(succeeds, f"{method} {path} to succeed", REQUEST_LIMIT)


def _update(inbox: InboxClient) -> None:
    """Connect if necessary, and apply the frames that have arrived."""
    if inbox.websocket is None:
        inbox.connect()
    inbox.apply_received()


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part
    return str(part.get_content())
