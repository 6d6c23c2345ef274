"""People who post, read, sign in and listen while something is done to the platform, and what became of it."""

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
from tests.e2e.support.person import PASSWORD, Person
from tests.e2e.support.repeating import repeating
from tests.e2e.support.screen import Screen
from tests.e2e.support.trickle import notified_posts
from tests.e2e.support.vendors import mails_to, texts_to

AUTHORS, SCREENS, VISITORS = 2, 4, 20
NO_ANSWER = 0  # in the place of a status
PATHS = ("/all-posts/?limit=5", "/users/all/?limit=5", "/notifications/?limit=5", "/users/detail/{0.id}/")
PAUSE = 0.25  # seconds between two things that one person does
PATIENCE = 60  # seconds in which a request must succeed at last
SETTLE = 90  # seconds in which all must be notified; deliveries of a killed worker are taken over after 60

Make = Callable[..., Person]


@dataclass(frozen=True)
class Failure:
    """An attempt that did not succeed."""

    during: str
    request: str
    status: int
    answer: str


class Life:
    """Each request is sent until it succeeds, with the same Idempotency-Key, as a client should."""

    def __init__(self, new_user: Make) -> None:
        self.failures: list[Failure] = []
        self.screens = {reader: Screen(reader) for reader in (new_user(notify_by=["realtime"]) for _ in range(SCREENS))}
        self.during = ""  # what is done to the platform at this moment
        self._posts: Counter[str] = Counter()  # what was acknowledged
        self._authors = [new_user(notify_by=[]) for _ in range(AUTHORS)]
        self._readers = [new_user(notify_by=[]) for _ in PATHS]
        self._visitors = cycle([new_user(notify_by=[]) for _ in range(VISITORS)])
        self._by_mail = new_user(notify_by=["email"])
        self._by_sms = new_user(notify_by=["sms"], phone=f"+254716{secrets.randbelow(10**6):06d}")

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Let them live until the block ends."""
        pairs = zip(self._readers, PATHS, strict=True)
        reads = [partial(self._ask, reader, "GET", path.format(reader)) for reader, path in pairs]
        posts = [partial(self._post, author) for author in self._authors]
        looks = [partial(_look, screen) for screen in self.screens.values()]
        with repeating(*reads, *posts, *looks, self._sign_in, pause=PAUSE):
            yield

    def all_know(self) -> None:
        """Check that every post is in every inbox and on every screen, once."""
        for reader, screen in self.screens.items():
            until(lambda: self._are_all(self._in_inbox(reader)), "every post in every inbox", SETTLE)  # noqa: B023
            until(lambda: self._are_all(self._shown(screen)), "every post on every screen", SETTLE)  # noqa: B023

    def all_got_mail(self, platform: Instance, *, maybe_twice: bool = False) -> None:
        """Check that every post came by mail, once; two with the same Message-ID are one to who reads them."""
        until(lambda: self._are_all(self._mails(platform, same=maybe_twice)), "every post by mail", SETTLE)

    def all_got_texts(self, platform: Instance, *, maybe_unknown: bool = False) -> None:
        """Check that every post was sent once by SMS, or its delivery is unknown."""

        def known() -> bool:
            came = self._texts(platform)
            silent = self._without_outcome() - came if maybe_unknown else Counter[str]()
            return self._are_all(came + silent)

        until(known, "every post by SMS", SETTLE)

    def _are_all(self, found: Counter[str]) -> bool:
        if too_many := found - self._posts:
            raise GiveUpError(f"too often: {too_many}")
        assert found == self._posts, f"missing {self._posts - found}"
        return True

    def _in_inbox(self, reader: Person) -> Counter[str]:
        return sum((notified_posts(reader, author) for author in self._authors), Counter())

    def _shown(self, screen: Screen) -> Counter[str]:
        _look(screen)
        return self._counted(item["message"] for item in screen.state[0])

    def _mails(self, platform: Instance, *, same: bool) -> Counter[str]:
        names = [one["id"] for one in mails_to(platform.environment, self._by_mail.email)]
        mails = [_mail(platform, name) for name in names]
        different = {mail["Message-ID"] if same else number: mail for number, mail in enumerate(mails)}
        return self._counted(_text(mail) for mail in different.values())

    def _texts(self, platform: Instance) -> Counter[str]:
        texts = texts_to(platform.environment, str(self._by_sms.account["phone"]))
        return self._counted(sms["text"] for sms in texts)

    def _without_outcome(self) -> Counter[str]:
        """Return the posts whose SMS deliveries are unknown."""
        found, page = [], self._by_sms.inbox(limit=100)
        while page["items"]:
            details = [self._by_sms.get(f"/notifications/detail/{item['id']}/").json() for item in page["items"]]
            found += [one["message"] for one in details if "unknown" in {each["status"] for each in one["deliveries"]}]
            page = self._by_sms.inbox(limit=100, cursor=page["next"]) if page["next"] else {"items": []}
        return self._counted(found)

    def _counted(self, texts: Iterable[str]) -> Counter[str]:
        """Count the posts of these authors in SMS; there may be others."""
        ours = re.compile(rf"(?:{'|'.join(author.name for author in self._authors)}) \d+")
        return Counter(found[0] for text in texts if (found := ours.search(text)))

    def _post(self, author: Person) -> None:
        text = f"{author.name} {len(self._posts)}"
        self._ask(author, "POST", "/create-post/", {"text": text})
        self._posts[text] += 1

    def _sign_in(self) -> None:
        visitor = next(self._visitors)
        self._ask(visitor, "POST", "/login/", {"username": visitor.name, "password": PASSWORD})

    def _ask(self, person: Person, method: str, path: str, body: Any = None) -> None:
        headers = {"Idempotency-Key": str(uuid.uuid4())}

        def succeeds() -> bool:
            try:
                reply = person.ask(method, path, json=body, headers=headers)
            except requests.RequestException as error:
                status, answer = NO_ANSWER, repr(error)
            else:
                status, answer = reply.status_code, reply.text
            if not 200 <= status < 300:
                self.failures.append(Failure(self.during, f"{method} {path}", status, answer))
            return 200 <= status < 300

        until(succeeds, f"{method} {path} to succeed", PATIENCE)


def _look(screen: Screen) -> None:
    """Keep a window open and up to date."""
    if screen.socket is None:
        screen.connect()
    screen.look()


def _mail(platform: Instance, name: str) -> EmailMessage:
    file = platform.directory / "mailbox" / f"{name}.eml"
    return message_from_bytes(file.read_bytes(), policy=policy.default)


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part
    return str(part.get_content())
