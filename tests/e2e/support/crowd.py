"""Many users at once, for generated requests; each has an address of its own."""

import itertools
import random
import threading
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from tests.e2e.support.operator import Operator
from tests.e2e.support.person import PASSWORD, Person

SIZE = 10  # so that no user exceeds 1,000 requests an hour
STAFF = 2  # of them
SHARE = 0.5  # of the ids that are asked for are of something that exists, of the passwords right


class Crowd:
    """Signed-in people in turn; safe in threads. `things` are ids that exist, by the service that has them."""

    def __init__(self, url: str, operator: Operator, seed: int) -> None:
        self._url = url
        self._operator = operator
        self._random = random.Random(seed)  # noqa: S311 - addresses, not secrets
        self._lock = threading.Lock()
        self._people = [self._new_user(staff=number < STAFF) for number in range(SIZE)]
        self._turns: dict[bool, Iterator[int]] = {
            True: itertools.cycle(range(STAFF)),
            False: itertools.cycle(range(SIZE)),
        }
        self.things = {
            "users": [person.id for person in self._people],
            "feeds": [str(person.writes("hello")["id"]) for person in self._people],
            "notifications": [self._notification_of(person) for person in self._people],
        }

    def address(self) -> str:
        """Return an address; the platform under test believes one proxy."""
        with self._lock:
            return self._somewhere()

    def thing(self, service: str, made_up: str) -> str:
        """Return an id that exists, or the one that was made up."""
        with self._lock:
            known = self._random.choice(self.things[service])
        return known if self._sometimes() else made_up

    def real(self, path: str, body: Mapping[str, object]) -> dict[str, str]:
        """Return fields that a generator cannot find: unused names, existing users, the own password."""
        if "user_id" in body:
            return {"user_id": self.thing("users", str(body["user_id"]))}
        if path.endswith("/account/"):
            return {"password": PASSWORD} if self._sometimes() else {}
        if path.endswith("/login/"):
            return {"username": self._random_user().name, "password": PASSWORD} if self._sometimes() else {}
        if "register" not in path:
            return {}
        with self._lock:
            name = f"c_{self._random.getrandbits(64):x}"
        return {"username": name, "email": f"{name}@example.org"}

    def _random_user(self) -> Person:
        with self._lock:
            return self._random.choice(self._people)

    def _sometimes(self) -> bool:
        with self._lock:
            return self._random.random() < SHARE

    def token(self, *, staff: bool) -> str:
        """Return the token of the next one."""
        with self._lock:
            return self._people[next(self._turns[staff])].token or ""

    def lost(self, token: str) -> None:
        """Sign users in again whose tokens are no longer valid, or replace them."""
        with self._lock:
            for number, person in enumerate(self._people):
                if person.token == token and not self._signs_in(person):
                    person.close()
                    self._people[number] = self._new_user(staff=number < STAFF)
                    self.things["users"][number] = self._people[number].id

    def gone(self, post: str) -> None:
        """Write another post where one was deleted, if its author can."""
        with self._lock:
            if post not in self.things["feeds"]:
                return
            number = self.things["feeds"].index(post)
            person = self._people[number]
            if self._signs_in(person):
                written = person.post("/create-post/", {"text": "hello"})
                self.things["feeds"][number] = written.json().get("id", post)

    def close(self) -> None:
        """Hang up."""
        for person in self._people:
            person.close()

    def _somewhere(self) -> str:
        return ".".join(str(self._random.randrange(1, 255)) for _ in range(4))

    def _signs_in(self, person: Person) -> bool:
        """Return whether the account still has its name and password."""
        person.address, person.token = self._somewhere(), None
        reply = person.post("/login/", {"username": person.name, "password": PASSWORD})
        person.token = reply.json().get("token")
        return reply.status_code == HTTPStatus.OK

    def _new_user(self, *, staff: bool) -> Person:
        person = Person(self._url)
        person.register(notify_by=[])  # what the others write shall cost no mails
        if staff:
            self._operator("users.set_staff", username=person.name, is_staff=True)
        person.login()
        return person

    def _notification_of(self, person: Person) -> str:
        reply = self._people[0].post("/send-notification/", {"user_id": person.id, "message": "hello"})
        return str(reply.json()["id"])
