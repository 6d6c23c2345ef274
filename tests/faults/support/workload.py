"""Users who write, read, log in and out, opt out and keep websockets open while faults are injected."""

import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import cycle
from typing import Self

import requests
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection

from dev.fakes.sms.rules import reachable_number
from dev.platform.instance import Instance
from tests.e2e.support.client import PASSWORD, Client
from tests.e2e.support.inbox_client import InboxClient
from tests.e2e.support.load import repeating
from tests.e2e.support.operator import Operator
from tests.faults.support.ledger import Entry, Ledger, Outcome

PATHS = ("/all-posts/?limit=5", "/users/all/?limit=5", "/notifications/?limit=5", "/users/detail/{0.id}/")
TOO_LONG = "x" * 6000
INVALID = 0.05  # share of an author's writes
CONNECTION_ERRORS = (OSError, TimeoutError, WebSocketException, requests.RequestException)


@dataclass(frozen=True)
class Size:
    """How many users of each kind there are, the pause between two requests of a user, and the share of updates.

    The pause is in seconds; the share is one of an author's writes.
    """

    authors: int = 2
    readers: int = 6
    opt_outs: int = 4
    sessions: int = 20
    pause: float = 0.2
    updates: float = 0.15


class Workload:
    """The users of a run. All that stay logged in are recipients of every post."""

    def __init__(self, platform: Instance, ledger: Ledger, size: Size = Size()) -> None:
        self.platform = platform
        self.ledger = ledger
        self._pause = size.pause
        self._updates = size.updates
        self._stack = ExitStack()
        self._random = random.Random(secrets.randbits(64))  # noqa: S311 - the order of requests depends on timing anyway
        self.authors = [_Author(self._new_user([])) for _ in range(size.authors)]
        inbox_users = [self._new_user(["realtime"]) for _ in range(size.readers)]
        self.inboxes = [(user, InboxClient(user)) for user in inbox_users]
        self.sms_user = self._new_user(["sms"], phone=reachable_number())
        self.email_users = [self._new_user(["email"]) for _ in range(1 + size.opt_outs)]
        self.readers = [self._new_user([]) for _ in PATHS]
        self.sessions = [_Session(self._new_account()) for _ in range(size.sessions)]
        with Operator(platform.environment) as operator:
            operator.verify_all()
        self._next_session = cycle(self.sessions)
        self._due_opt_outs = iter(self.email_users[1:])

    @property
    def recipients(self) -> list[Client]:
        """All users who are logged in during the whole run."""
        authors, inboxes = [author.user for author in self.authors], [user for user, _ in self.inboxes]
        return [*authors, *inboxes, *self.readers, *self.email_users, self.sms_user]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send requests until the block ends."""
        writes = [partial(self._write, author) for author in self.authors]
        updates = [partial(update, inbox) for _, inbox in self.inboxes]
        with (
            repeating(*writes, *updates, self._use_session, self._reads(), pause=self._pause),
            repeating(self._opt_out, pause=self._pause * 20),
        ):
            yield

    def use_ended_sessions(self) -> None:
        """Send a request with each token whose session ended."""
        for session in self.sessions:
            for token in session.ended:
                self._use_ended(session, token)

    def _reads(self) -> Callable[[], None]:
        turns = cycle(zip(self.readers, PATHS, strict=True))

        def read() -> None:
            reader, path = next(turns)
            self.ledger.request(reader, Entry("read", path, reader.username), "GET", path.format(reader))

        return read

    def _write(self, author: "_Author") -> None:
        """Create a post, or update one of the last posts, or send a post that is too long."""
        choice = self._random.random()
        if choice < self._updates and author.posts:
            self._update(author)
            return
        invalid = self._updates < choice < self._updates + INVALID
        author.number += 1
        name = f"{author.user.username} {author.number}"
        text = f"{name} {TOO_LONG}" if invalid else f"{name} version 1"
        entry = Entry("post", name, author.user.username, text, valid=not invalid)
        self.ledger.request(author.user, entry, "POST", "/create-post/", {"text": text})
        if entry.outcome is Outcome.ACKNOWLEDGED:
            author.posts.append((name, entry.body["id"]))

    def _update(self, author: "_Author") -> None:
        name, post = self._random.choice(author.posts[-10:])
        author.versions += 1
        text = f"{name} version {author.versions}"
        entry = Entry("update", name, author.user.username, text)
        self.ledger.request(author.user, entry, "PUT", f"/post-detail/{post}/", {"text": text})

    def _opt_out(self) -> None:
        if user := next(self._due_opt_outs, None):
            entry = Entry("opt out", user.username, user.username)
            self.ledger.request(user, entry, "PUT", "/update-account/", {"notify_by": []})

    def _use_session(self) -> None:
        """Log in, open a websocket, log out, and use the token once more."""
        session, ledger = next(self._next_session), self.ledger
        user = session.user
        user.token = None
        credentials = {"username": user.username, "password": PASSWORD}
        login = ledger.request(user, Entry("login", user.username, user.username), "POST", "/login/", credentials)
        if login.outcome is not Outcome.ACKNOWLEDGED:
            return
        user.token = token = str(login.body["token"])
        with suppress(*CONNECTION_ERRORS):
            session.websockets[token] = user.connect()
        entry = Entry("logout", token, user.username)
        ledger.request(user, entry, "POST", "/logout/")
        # A repeated logout is rejected if an attempt without response ended the session.
        if entry.failures and entry.failures[-1][0] == HTTPStatus.UNAUTHORIZED and len(entry.failures) > 1:
            entry.failures.pop()
            entry.outcome = Outcome.ACKNOWLEDGED
        if entry.outcome is Outcome.ACKNOWLEDGED:
            session.ended.append(token)
            self._use_ended(session, token)

    def _use_ended(self, session: "_Session", token: str) -> None:
        session.user.token = token
        entry = Entry("use after logout", token, session.user.username, valid=False)
        self.ledger.request(session.user, entry, "GET", "/notifications/?limit=1", repeat=False)

    def _new_user(self, notify_by: list[str], **account: object) -> Client:
        user = self._new_account(notify_by=notify_by, **account)
        user.login()
        return user

    def _new_account(self, **account: object) -> Client:
        user = Client(self.platform.environment["BARAZA_URL"])
        self._stack.callback(user.logout_and_close)
        user.register(**account)
        return user


class _Author:
    """An author with the posts that were acknowledged, by name and id."""

    def __init__(self, user: Client) -> None:
        self.user = user
        self.posts: list[tuple[str, str]] = []
        self.number = 0
        self.versions = 1


class _Session:
    """A user who logs in and out, with the tokens whose logout was acknowledged."""

    def __init__(self, user: Client) -> None:
        self.user = user
        self.ended: list[str] = []
        self.websockets: dict[str, ClientConnection] = {}  # by token


def update(inbox: InboxClient) -> None:
    """Connect if necessary, and apply the frames that have arrived."""
    try:
        if inbox.websocket is None:
            inbox.connect()
        inbox.apply_received()
    except CONNECTION_ERRORS:
        inbox.websocket = None
