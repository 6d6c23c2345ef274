"""Pages of posts."""

import pytest
from hypothesis import given

from chassis.auth.caller import Caller
from chassis.errors import Invalid
from chassis.ids import new_id
from tests.integration.support.pagination import STEPS, WITH_REAL_SERVICES, read_all
from tests.integration.support.rpc import Rpc

AUTHOR = Caller("gateway", user=new_id(), username="ada")


@pytest.fixture
def posted() -> list[str]:
    """Ids in the order of posting."""
    return []


@WITH_REAL_SERVICES
@given(steps=STEPS)
def test_pages_have_every_post_once_while_others_post(
    feeds: Rpc, posted: list[str], steps: list[tuple[int, int]]
) -> None:
    def add() -> str:
        posted.append(feeds("feeds.create", AUTHOR, text="x")["id"])
        return posted[-1]

    add()
    before = list(posted)
    assert read_all(lambda **query: feeds("feeds.all", **query), add, steps) == before[::-1]


@WITH_REAL_SERVICES
@given(steps=STEPS)
def test_pages_of_an_author_have_exactly_their_posts_once(feeds: Rpc, steps: list[tuple[int, int]]) -> None:
    author = Caller("gateway", user=new_id(), username="ben")

    def add() -> str:
        feeds("feeds.create", AUTHOR, text="of another author")
        return str(feeds("feeds.create", author, text="x")["id"])

    before = [add() for _ in range(5)]
    assert read_all(lambda **query: feeds("feeds.all", author=author.user, **query), add, steps) == before[::-1]


def test_unknown_author_has_an_empty_page(feeds: Rpc) -> None:
    feeds("feeds.create", AUTHOR, text="x")
    assert feeds("feeds.all", author=new_id()) == {"items": [], "next": None}
    with pytest.raises(Invalid) as rejection:
        feeds("feeds.all", author="ada")
    assert [error["field"] for error in rejection.value.errors] == ["author"]
