"""Inbox + frames = inbox fetched again, whatever happens to websockets, gateways and the broker."""

import random
from collections import Counter
from collections.abc import Callable

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.inbox_client import InboxClient
from tests.e2e.support.rabbitmq import close_gateway_connections, gateways_consume

SEED = 1
CLIENTS = 3  # of the one reader
STEPS = 400
OUTAGES = 5
LIMIT = 30  # seconds until all clients show the same


class RandomSteps:
    """Random writes of an author, reads of a reader, and connections of the reader's clients."""

    def __init__(self, author: Client, reader: Client) -> None:
        self.done: Counter[str] = Counter()
        self.clients = [InboxClient(reader) for _ in range(CLIENTS)]
        self._random = random.Random(SEED)  # noqa: S311 - no secret
        self._author, self._reader = author, reader
        self._posts: list[str] = []
        self.weights: dict[Callable[[], bool | None], int] = {
            self.create: 6,
            self.edit: 4,
            self.delete: 2,
            self.read_some: 4,
            self.read_all: 1,
            self.apply_received: 8,
            self.connect: 6,
            self.disconnect: 2,
            self.drop_connection: 3,
        }

    def run(self, count: int) -> None:
        """Do random actions; count those that do not return False in `done`."""
        for action in self._random.choices(list(self.weights), list(self.weights.values()), k=count):
            if action() is not False:
                self.done[action.__name__] += 1

    def create(self) -> bool:
        response = self._author.post("/create-post/", {"text": f"{self._random.random()}"})
        if response.status_code == 201:
            self._posts.append(response.json()["id"])
        return response.ok

    def edit(self) -> bool:
        text = f"edited {self._random.random()}"
        return bool(self._posts) and self._author.put(self._random_post(), {"text": text}).ok

    def delete(self) -> bool:
        return bool(self._posts) and self._author.delete(self._random_post()).ok

    def read_some(self) -> bool:
        items, _ = self._random_client().state
        ids = [item["id"] for item in items if self._random.random() < 0.2]
        return bool(ids) and self._reader.post("/notifications/read/", {"ids": ids}).ok

    def read_all(self) -> bool:
        return self._reader.post("/notifications/read/", {"all": True}).ok

    def apply_received(self) -> None:
        self._random_client().apply_received()

    def connect(self) -> bool:
        client = self._random_client()
        return client.websocket is None and client.connect()

    def disconnect(self) -> None:
        self._random_client().disconnect()

    def drop_connection(self) -> None:
        self._random_client().drop_connection()

    def _random_post(self) -> str:
        return f"/post-detail/{self._random.choice(self._posts)}/"

    def _random_client(self) -> InboxClient:
        return self._random.choice(self.clients)


def test_clients_show_the_inbox_despite_lost_connections_and_broker_failures(
    platform: Instance, new_user: NewClient
) -> None:
    steps = RandomSteps(new_user(), reader := new_user())
    for _ in range(OUTAGES):
        steps.run(STEPS // OUTAGES // 2)
        close_gateway_connections(platform.environment)
        steps.run(STEPS // OUTAGES // 2)
        until(lambda: gateways_consume(platform.environment), "gateways to consume events again", LIMIT)
    assert steps.done.keys() == {action.__name__ for action in steps.weights}

    inbox = InboxClient(reader)

    def all_agree() -> bool:
        inbox.fetch()
        for client in steps.clients:
            client.apply_received()
        connected = all(client.websocket or client.connect() for client in steps.clients)
        return connected and all(client.state == inbox.state for client in steps.clients)

    until(all_agree, "all clients to show the inbox", LIMIT)
    items, unread = inbox.state
    assert unread == sum(not item["read"] for item in items)
    # A post that is deleted before it is sent causes no notification.
    assert len(items) >= steps.done["create"] - steps.done["delete"]
