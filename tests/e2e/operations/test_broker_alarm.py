"""RabbitMQ without memory accepts no messages: clients get 503, and what was rejected is not done later."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from dev.machine.waiting import until
from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient

RABBITMQCTL = ("/usr/lib/rabbitmq/bin/rabbitmqctl", "--quiet", "set_vm_memory_high_watermark")


@contextmanager
def memory_alarm(platform: Instance) -> Iterator[None]:
    """Let RabbitMQ believe that it uses too much memory."""
    (rabbitmq,) = platform.control.replicas("rabbitmq")
    variables = Path(f"/proc/{rabbitmq.pid}/environ").read_text(encoding="utf-8").split("\0")
    environment = {**os.environ, **dict(line.split("=", 1) for line in variables if line)}

    def set_limit(*limit: str) -> None:
        subprocess.run([*RABBITMQCTL, *limit], env=environment, check=True, capture_output=True)  # noqa: S603 - ours

    set_limit("absolute", "1")
    try:
        yield
    finally:
        set_limit("0.6")


def is_blocked(client: Client) -> bool:
    return client.get("/users/all/").status_code == 503


def handshake_status(client: Client) -> int:
    try:
        client.connect().close()
    except InvalidStatus as rejection:
        return rejection.response.status_code
    return 101


@pytest.mark.timeout(90)
def test_rejected_posts_are_not_created_after_an_alarm(platform: Instance, new_user: NewClient) -> None:
    author = new_user()
    statuses = {}
    with memory_alarm(platform):
        first = time.monotonic()
        statuses["first"] = author.post("/create-post/", {"text": "first"}).status_code
        until(lambda: is_blocked(author), "the gateways to know of the alarm", 30)
        for number in range(20):
            started = time.monotonic()
            statuses[f"{number}"] = author.post("/create-post/", {"text": f"{number}"}).status_code
            assert time.monotonic() - started < 3
        until(lambda: time.monotonic() > first + 7, "the deadline of the first request", 10)
    assert set(statuses.values()) <= {503, 504}
    until(lambda: author.post("/create-post/", {"text": "after"}).status_code == 201, "posts to be accepted", 30)
    found = author.get(f"/all-posts/?author={author.id}").json()["items"]
    assert [post["text"] for post in found] == ["after"]


@pytest.mark.timeout(90)
def test_websocket_handshake_during_an_alarm_is_503(platform: Instance, new_user: NewClient) -> None:
    reader = new_user()
    with memory_alarm(platform):
        until(lambda: is_blocked(reader), "a gateway to know of the alarm", 30)
        until(lambda: handshake_status(reader) == 503, "a rejected handshake", 30)
    until(lambda: handshake_status(reader) == 101, "websockets to be accepted", 30)
