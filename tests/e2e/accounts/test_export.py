"""A user asks for an export, is notified, and downloads the file."""

import zlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests
from sqlalchemy import URL, Engine, NullPool, create_engine, text

from bench.data.inboxes import Inboxes
from bench.data.posts import Posts
from dev.machine.waiting import until
from dev.platform.instance import Instance
from dev.platform.programs import GATEWAY
from gateway.contract import ExportFile
from tests.e2e.support.client import PASSWORD, Client, NewClient
from tests.e2e.support.logs import read_logs
from tests.e2e.support.responses import check_problem

PATH = "/account/export/"
LIMIT = 60  # seconds
POSTS, INBOX = 2000, 3000
INTERRUPTED = "a download was interrupted"

_CHUNKS = "SELECT count(*) FROM export_chunks JOIN exports ON exports.id = export_id WHERE user_id = :user"
# More than the buffers of a connection can have.
_ADD_CHUNKS = """
    INSERT INTO export_chunks (export_id, number, section, content)
    SELECT id, number, 'posts', :content FROM exports, generate_series(1000, 1029) AS number WHERE user_id = :user
"""
_EXPORTS = "SELECT count(*) FROM exports WHERE user_id = :user"


@pytest.fixture
def database(platform: Instance) -> Iterator[Engine]:
    """The gateway's database."""
    parts = {"database": "DB", "username": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    values: dict[str, Any] = {name: platform.environment[f"GATEWAY_POSTGRES_{part}"] for name, part in parts.items()}
    engine = create_engine(
        URL.create("postgresql+psycopg2", **values | {"port": int(values["port"])}), poolclass=NullPool
    )
    yield engine
    engine.dispose()


def count(database: Engine, query: str, user: Client) -> int:
    with database.connect() as connection:
        return int(connection.scalar(text(query), {"user": user.id}) or 0)


def start(user: Client) -> None:
    response = user.post(PATH)
    assert response.status_code == 202, response.text
    assert response.json()["state"] == "making"


def titles(user: Client) -> list[str]:
    """Return the titles of the notifications about exports."""
    return [one["title"] for one in user.inbox(limit=100)["items"] if one["title"].startswith("Your export")]


def wait_for_notification(user: Client) -> None:
    until(lambda: titles(user) == ["Your export is ready"], "the notification", LIMIT)


def download(user: Client) -> dict[str, Any]:
    response = user.get(PATH)
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.json()
    assert ExportFile.model_validate(content).model_dump(mode="json") == content
    return content


def pages(user: Client, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return all items, oldest first."""
    items: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next": None}
    while True:
        page = user.get(
            path, params={"limit": 100, **query, **({"cursor": page["next"]} if page["next"] else {})}
        ).json()
        items += page["items"]
        if page["next"] is None:
            return items[::-1]


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def test_file_has_what_the_api_shows(new_user: NewClient) -> None:
    user, author = new_user(), new_user()
    for number in range(3):
        user.create_post(f"Own post {number}")
    other = author.create_post("Karibu")
    until(
        lambda: [one for one in user.inbox()["items"] if one["data"].get("post_id") == other["id"]] != [], "it", LIMIT
    )
    user.post("/notifications/read/", {"all": True})
    check_problem(user.get(PATH), 404)
    start(user)
    wait_for_notification(user)
    response = user.get(PATH)
    assert response.headers["Content-Disposition"].startswith('attachment; filename="baraza-')
    assert response.headers["Cache-Control"] == "no-store"
    head = user.request("HEAD", PATH)
    assert (head.status_code, head.content) == (200, b"")
    content = download(user)
    assert content["account"] == content["account"] | user.get(f"/users/detail/{user.id}/").json()
    assert content["account_events"] == pages(user, "/account/events/")
    sessions = [without(one, "current", "last_seen_at", "expires_at") for one in pages(user, "/sessions/")]
    assert [without(one, "revoked_at", "last_seen_at", "expires_at") for one in content["sessions"]] == sessions
    posts = pages(user, "/all-posts/", author=user.id)
    names = ("id", "text", "created_at")
    assert [[one[name] for name in names] for one in content["posts"]] == [
        [one[name] for name in names] for one in posts
    ]
    inbox = [one for one in pages(user, "/notifications/") if one["title"] != "Your export is ready"]
    assert [without(one, "changed_at") for one in content["notifications"]] == inbox
    detail = user.get(f"/notifications/detail/{inbox[-1]['id']}/").json()
    delivered = [one for one in content["deliveries"] if one["notification_id"] == inbox[-1]["id"]]
    assert [one["channel"] for one in delivered] == [one["channel"] for one in detail["deliveries"]]
    assert author.email not in response.text
    check_problem(author.get(PATH), 404)


def test_export_needs_a_token(new_client: NewClient) -> None:
    anonymous = new_client()
    check_problem(anonymous.get(PATH), 401)
    check_problem(anonymous.post(PATH), 401)


def test_staff_cannot_read_the_export_of_another_user(new_user: NewClient, new_staff: NewClient) -> None:
    user, staff = new_user(), new_staff()
    start(user)
    wait_for_notification(user)
    for query in ({"user_id": user.id}, {"id": user.id}):
        check_problem(staff.get(PATH, params=query), 404)


@pytest.fixture
def rich_user(new_user: NewClient, platform: Instance) -> Client:
    """A user with thousands of posts and notifications."""
    user = new_user(notify_by=[])
    with closing(Posts(platform.environment["FEEDS_DB_URI"])) as posts:
        posts.insert(user.id, POSTS)
    with closing(Inboxes(platform.environment["NOTIFICATIONS_DB_URI"])) as inboxes:
        inboxes.fill([user.id], INBOX)
    return user


@pytest.mark.timeout(3 * LIMIT)
def test_killed_gateway_service_continues_the_export(rich_user: Client, platform: Instance, database: Engine) -> None:
    start(rich_user)
    until(lambda: count(database, _CHUNKS, rich_user) > 3, "some pages", LIMIT)
    platform.control.kill("gateway.service")
    platform.control.wait_running("gateway.service")
    wait_for_notification(rich_user)
    content = download(rich_user)
    for section, expected in (("posts", POSTS), ("notifications", INBOX)):
        ids = [one["id"] for one in content[section]]
        assert len(ids) == len(set(ids)) == expected
    assert titles(rich_user) == ["Your export is ready"]


@pytest.mark.timeout(3 * LIMIT)
def test_export_waits_for_a_service_that_is_down(new_user: NewClient, platform: Instance, database: Engine) -> None:
    user = new_user()
    post = user.create_post("Karibu")
    platform.control.stop("feeds.service")
    try:
        start(user)
        until(lambda: count(database, _CHUNKS, user) > 0, "what users stores", LIMIT)
        check_problem(user.get(PATH), 409)
    finally:
        platform.control.start("feeds.service")
    wait_for_notification(user)
    assert [one["id"] for one in download(user)["posts"]] == [post["id"]]


@pytest.mark.timeout(3 * LIMIT)
def test_erased_account_leaves_nothing_of_an_export_that_is_being_made(rich_user: Client, database: Engine) -> None:
    start(rich_user)
    until(lambda: count(database, _CHUNKS, rich_user) > 3, "some pages", LIMIT)
    assert rich_user.delete("/account/", {"password": PASSWORD}).status_code == 204
    until(lambda: count(database, _EXPORTS, rich_user) == 0, "the erasure", LIMIT)
    assert count(database, _CHUNKS, rich_user) == 0
    check_problem(rich_user.get(PATH), 401)


@pytest.mark.timeout(3 * LIMIT)
def test_download_is_interrupted_if_the_account_is_deleted(
    new_user: NewClient, platform: Instance, database: Engine
) -> None:
    user = new_user()
    start(user)
    wait_for_notification(user)
    with database.begin() as connection:
        connection.execute(text(_ADD_CHUNKS), {"user": user.id, "content": zlib.compress(bytes(2_000_000))})

    def logged(words: str) -> int:
        return read_logs(platform, f"{GATEWAY}*.log").count(words)

    interruptions, tracebacks = logged(INTERRUPTED), logged("Traceback")
    with user.get(PATH, stream=True) as response:
        parts = response.iter_content(1000)
        next(parts)
        assert user.delete("/account/", {"password": PASSWORD}).status_code == 204
        until(lambda: count(database, _CHUNKS, user) == 0, "the erasure", LIMIT)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            for _ in parts:
                pass
    until(lambda: logged(INTERRUPTED) > interruptions, "the line in the log", LIMIT)
    assert logged("Traceback") == tracebacks
