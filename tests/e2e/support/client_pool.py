"""Logged-in users for generated requests."""

import itertools
import random
import threading
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from tests.e2e.support.client import PASSWORD, Client
from tests.e2e.support.operator import Operator

SIZE = 10  # so that no user exceeds the 1,000 requests an hour that each may send
STAFF = 2  # of them
VALID_SHARE = 0.5  # of ids and passwords


class ClientPool:
    """Users in turn, safe in threads. `ids` are ids that exist, by service."""

    def __init__(self, url: str, operator: Operator, seed: int) -> None:
        self._url = url
        self._operator = operator
        self._random = random.Random(seed)  # noqa: S311 - addresses, not secrets
        self._lock = threading.Lock()
        self._users = [self._new_user(staff=number < STAFF) for number in range(SIZE)]
        self._turns: dict[bool, Iterator[int]] = {
            True: itertools.cycle(range(STAFF)),
            False: itertools.cycle(range(SIZE)),
        }
        self.ids = {
            "users": [user.id for user in self._users],
            "feeds": [str(user.create_post("hello")["id"]) for user in self._users],
            "notifications": [self._notify(user) for user in self._users],
        }

    def ip_address(self) -> str:
        """Return a random IP address."""
        with self._lock:
            return self._random_address()

    def choose_id(self, service: str, generated: str) -> str:
        """Return an id that exists, or the generated one."""
        with self._lock:
            existing = self._random.choice(self.ids[service])
        return existing if self._choose_valid() else generated

    def valid_fields(self, path: str, body: Mapping[str, object]) -> dict[str, str]:
        """Return the fields of a valid body that a generator cannot find: free usernames, existing ids, passwords."""
        if "user_id" in body:
            return {"user_id": self.choose_id("users", str(body["user_id"]))}
        if path.endswith("/account/"):
            return {"password": PASSWORD} if self._choose_valid() else {}
        if path.endswith("/login/"):
            return {"username": self._choose_user().username, "password": PASSWORD} if self._choose_valid() else {}
        if "register" not in path:
            return {}
        with self._lock:
            username = f"c_{self._random.getrandbits(64):x}"
        return {"username": username, "email": f"{username}@example.org"}

    def token(self, *, staff: bool) -> str:
        """Return the token of the next user."""
        with self._lock:
            return self._users[next(self._turns[staff])].token or ""

    def replace_token(self, token: str) -> None:
        """Log the user of an invalid token in again, or replace the user where that is not possible."""
        with self._lock:
            for number, user in enumerate(self._users):
                if user.token == token and not self._login(user):
                    user.close()
                    self._users[number] = new = self._new_user(staff=number < STAFF)
                    self.ids["users"][number] = new.id
                    self.ids["feeds"][number] = str(new.create_post("hello")["id"])

    def replace_post(self, post: str) -> None:
        """Let the author of a deleted post create another one, if the author can log in."""
        with self._lock:
            if post not in self.ids["feeds"]:
                return
            number = self.ids["feeds"].index(post)
            user = self._users[number]
            if self._login(user):
                created = user.post("/create-post/", {"text": "hello"})
                self.ids["feeds"][number] = created.json().get("id", post)

    def close(self) -> None:
        for user in self._users:
            user.logout_and_close()

    def _choose_user(self) -> Client:
        with self._lock:
            return self._random.choice(self._users)

    def _choose_valid(self) -> bool:
        with self._lock:
            return self._random.random() < VALID_SHARE

    def _random_address(self) -> str:
        return ".".join(str(self._random.randrange(1, 255)) for _ in range(4))

    def _login(self, user: Client) -> bool:
        """Return whether the account still has its username and password."""
        user.ip_address, user.token = self._random_address(), None
        response = user.post("/login/", {"username": user.username, "password": PASSWORD})
        user.token = response.json().get("token")
        return response.status_code == HTTPStatus.OK

    def _new_user(self, *, staff: bool) -> Client:
        user = Client(self._url)
        user.register(notify_by=[])  # so that posts send no mail
        if staff:
            self._operator.make_staff(user.username)
        user.login()
        return user

    def _notify(self, user: Client) -> str:
        response = self._users[0].post("/send-notification/", {"user_id": user.id, "message": "hello"})
        return str(response.json()["id"])
