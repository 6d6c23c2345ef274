"""State + frames = state fetched again, whatever happens to sockets, gateways and the broker in between."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.broker import cut_off_gateways
from tests.e2e.support.person import Person
from tests.e2e.support.screen import Screen

Make = Callable[..., Person]

SCREENS = 3  # of the one reader
STEPS = 400
OUTAGES = 5
LIMIT = 30  # seconds in which all must agree in the end


class Chance:
    """Does something at random: the author writes and edits and deletes, the reader reads, screens come and go."""

    def __init__(self, seed: int, author: Person, reader: Person) -> None:
        self.done: Counter[str] = Counter()
        self.screens = [Screen(reader) for _ in range(SCREENS)]
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._author, self._reader = author, reader
        self._posts: list[str] = []
        self._steps: list[tuple[int, Callable[[], bool | None]]] = [
            (6, self.write),
            (4, self.edit),
            (2, self.delete),
            (4, self.read_some),
            (1, self.read_all),
            (8, self.look),
            (6, self.connect),
            (2, self.leave),
            (3, self.vanish),
        ]

    def step(self) -> None:
        weights, actions = zip(*self._steps, strict=True)
        (action,) = self._random.choices(actions, weights)
        if action() is not False:
            self.done[action.__name__] += 1

    def write(self) -> bool:
        reply = self._author.post("/create-post/", {"text": f"{self._random.random()}"})
        if reply.status_code == 201:
            self._posts.append(reply.json()["id"])
        return reply.ok

    def edit(self) -> bool:
        text = f"edited {self._random.random()}"
        return bool(self._posts) and self._author.put(self._some_post(), {"text": text}).ok

    def delete(self) -> bool:
        return bool(self._posts) and self._author.delete(self._some_post()).ok

    def read_some(self) -> bool:
        items, _ = self._screen().state
        some = [item["id"] for item in items if self._random.random() < 0.2]
        return bool(some) and self._reader.post("/notifications/read/", {"ids": some}).ok

    def read_all(self) -> bool:
        return self._reader.post("/notifications/read/", {"all": True}).ok

    def look(self) -> None:
        self._screen().look()

    def connect(self) -> bool:
        screen = self._screen()
        return screen.socket is None and screen.connect()

    def leave(self) -> None:
        self._screen().leave()

    def vanish(self) -> None:
        self._screen().vanish()

    def _some_post(self) -> str:
        return f"/post-detail/{self._random.choice(self._posts)}/"

    def _screen(self) -> Screen:
        return self._random.choice(self.screens)


@pytest.mark.parametrize("seed", [1])
def test_clients_show_the_inbox_despite_lost_connections_and_broker_failures(
    platform: Instance, new_user: Make, seed: int
) -> None:
    author, reader = new_user(), new_user()
    chance = Chance(seed, author, reader)
    for number in range(STEPS):
        if number % (STEPS // OUTAGES) == STEPS // OUTAGES // 2:
            until(lambda: cut_off_gateways(platform.environment) > 0, "gateways that listen", LIMIT)
        chance.step()
    assert min(chance.done.values()) > 0

    truth = Screen(reader)

    def agreed() -> bool:
        truth.fetch()
        for screen in chance.screens:
            screen.look()
        return all(screen.socket or screen.connect() for screen in chance.screens) and all(
            screen.state == truth.state for screen in chance.screens
        )

    until(agreed, "all screens to show the inbox", LIMIT)
    items, unread = truth.state
    assert unread == sum(not item["read"] for item in items)
    assert len(items) >= chance.done["write"] - chance.done["delete"]  # posts deleted at once cause no notification
