import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.contract import Message, Page, cursor
from chassis.errors import Invalid


class Item(Message):
    id: str


KEYS = st.from_regex(r"[0-9a-zA-Z.:_-]{1,100}", fullmatch=True)


@given(KEYS)
def test_what_was_encoded_comes_back(key: str) -> None:
    assert cursor.decode(cursor.encode(key)) == key


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_a_number_comes_back_as_a_number(key: int) -> None:
    assert cursor.decode_number(cursor.encode(key)) == key


@given(KEYS)
def test_a_cursor_needs_no_quoting_in_a_url(key: str) -> None:
    assert re.fullmatch(r"[0-9A-Za-z_-]+", cursor.encode(key))


@given(st.text(max_size=200))
def test_any_text_is_either_a_cursor_or_refused_by_name(text: str) -> None:
    with contextlib.suppress(Invalid):
        key = cursor.decode(text)
        assert key is not None
        assert re.fullmatch(r"[0-9a-zA-Z.:_-]{1,100}", key)


@pytest.mark.parametrize("garbage", ["", "%", "a", "é", "a b", "\0", "JyBPUiAxPTE", "A" * 300, "=" * 4, "\ud800"])
def test_garbage_is_refused_and_the_field_named(garbage: str) -> None:
    with pytest.raises(Invalid) as refused:
        cursor.decode(garbage)
    assert [error["field"] for error in refused.value.errors] == ["cursor"]


@pytest.mark.parametrize("key", ["abc", "1" * 19, "-1", "1.5"])
def test_a_cursor_that_is_no_number_is_refused_where_a_number_is_due(key: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        cursor.decode_number(cursor.encode(key))


def test_no_cursor_is_the_beginning() -> None:
    assert cursor.decode(None) is None
    assert cursor.decode_number(None) is None


def test_a_page_points_to_the_next_only_if_there_is_one_more_item() -> None:
    items = [Item(id=letter) for letter in "abc"]
    page = cursor.page(Page[Item], items, 2)
    assert [item.id for item in page.items] == ["a", "b"]
    assert cursor.decode(page.next) == "b"
    assert cursor.page(Page[Item], items, 3).next is None
    assert cursor.page(Page[Item], [], 3).next is None
