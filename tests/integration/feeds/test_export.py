"""The export of an author's posts has what the database has."""

import json

import pytest
from sqlalchemy import Engine

from chassis.errors import Invalid
from chassis.ids import time_of
from feeds.export import SECTIONS
from feeds.models import Post
from tests.integration.feeds.conftest import ADA, BEN
from tests.integration.support.databases import Databases
from tests.integration.support.export import check_rows, read_all, rows
from tests.integration.support.rpc import Rpc


@pytest.fixture
def posts(feeds: Rpc) -> list[str]:
    """Write posts of two authors; edit one of each, and delete one."""
    ids = []
    for author in (ADA, BEN):
        own = [feeds("feeds.create", author, text=f"{number} of {author.username}")["id"] for number in range(5)]
        feeds("feeds.edit", author, id=own[1], text=f"edited by {author.username}")
        feeds("feeds.delete", author, id=own[2])
        ids += own
    return ids


@pytest.fixture
def database(databases: Databases) -> Engine:
    return databases.engine("feeds")


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_export_has_every_post_of_the_author_also_deleted_ones(
    feeds: Rpc, posts: list[str], database: Engine, limit: int
) -> None:
    data = read_all(feeds, "feeds", str(ADA.user), limit)
    assert [post["id"] for post in data["posts"]] == posts[:5]
    check_rows(SECTIONS[0], data["posts"], rows(database, Post, author_id=ADA.user))
    deleted = data["posts"][2]
    assert deleted["deleted_at"].startswith(f"{time_of(deleted['deletion_id']):%Y-%m-%dT%H:%M:%S}")
    assert data["posts"][0]["deleted_at"] is None


def test_export_has_nothing_of_another_author(feeds: Rpc, posts: list[str]) -> None:
    assert posts
    assert "ben" not in json.dumps(read_all(feeds, "feeds", str(ADA.user)))


def test_cursor_that_was_not_given_is_rejected(feeds: Rpc) -> None:
    with pytest.raises(Invalid):
        feeds("feeds.export", user_id=ADA.user, cursor="bm90aGluZzo")
