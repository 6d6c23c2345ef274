"""A post from the request to the inbox, the websocket and the mailbox, with all services in one process."""

import json

from dev.commands.restart import serving_again
from dev.machine.waiting import until
from dev.platform.instance import Instance
from dev.platform.programs import ALL_SERVICES
from tests.e2e.support.client import NewClient
from tests.e2e.support.fakes import mails_to

LIMIT = 30  # seconds


def test_post_reaches_inbox_websocket_and_mailbox_when_all_services_share_a_process(
    platform: Instance, new_user: NewClient
) -> None:
    (process,) = platform.control.pids(ALL_SERVICES)
    author, reader = new_user(), new_user(notify_by=["realtime", "email"])
    websocket = reader.connect()
    assert json.loads(websocket.recv(LIMIT))["type"] == "ready"

    post = author.create_post("Karibu, from one process.")
    frame = json.loads(websocket.recv(LIMIT))
    assert frame["data"]["post_id"] == post["id"]
    assert [item["id"] for item in reader.inbox()["items"]] == [frame["id"]]
    until(lambda: bool(mails_to(platform.environment, reader.email)), "the mail", LIMIT)
    assert platform.control.pids(ALL_SERVICES) == [process]


def test_restarted_process_delivers_the_posts_that_were_created_meanwhile(
    platform: Instance, new_user: NewClient
) -> None:
    author, reader = new_user(), new_user()
    author.create_post("Before.")
    with serving_again(platform, ALL_SERVICES):
        platform.control.kill(ALL_SERVICES)
        platform.control.wait_running(ALL_SERVICES)
    after = author.create_post("After.")
    posts = [post["text"] for post in author.get("/all-posts/?limit=2").json()["items"]]
    assert posts == ["After.", "Before."]

    def notified() -> bool:
        items = reader.inbox()["items"]
        return len(items) == 2 and items[0]["data"]["post_id"] == after["id"]

    until(notified, "both posts in the inbox", LIMIT)
