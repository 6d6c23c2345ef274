"""Many websockets that connect at the same moment."""

from concurrent.futures import ThreadPoolExecutor

from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.frames import receive, receive_notification
from tests.e2e.support.load import posting

READERS = 20
WEBSOCKETS = 8  # of each reader; a process accepts 10


def test_crowd_of_handshakes_is_accepted_while_posts_are_created(new_user: NewClient) -> None:
    author, readers = new_user(), [new_user(verified=False) for _ in range(READERS)]
    with posting(author) as posts, ThreadPoolExecutor(READERS * WEBSOCKETS) as pool:
        websockets = list(pool.map(Client.connect, readers * WEBSOCKETS))
    assert posts.failed == []
    last = author.create_post("after the crowd")
    for websocket in websockets:
        assert receive(websocket)["type"] == "ready"
        while receive_notification(websocket)["data"]["post_id"] != last["id"]:
            pass
