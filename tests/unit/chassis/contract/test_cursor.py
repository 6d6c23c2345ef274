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
def test_encoded_cursor_needs_no_quoting_in_a_url_and_is_decoded_to_its_key(key: str) -> None:
    assert re.fullmatch(r"[0-9A-Za-z_-]+", cursor.encode(key))
    assert cursor.decode(cursor.encode(key)) == key
    assert cursor.decode(None) is None


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_decoded_number_is_the_encoded_number(key: int) -> None:
    assert cursor.decode_number(cursor.encode(key)) == key


@given(st.text(max_size=200))
def test_any_text_is_a_valid_cursor_or_rejected(text: str) -> None:
    with contextlib.suppress(Invalid):
        key = cursor.decode(text)
        assert key is not None
        assert re.fullmatch(r"[0-9a-zA-Z.:_-]{1,100}", key)


@pytest.mark.parametrize("text", ["", "%", "a", "é", "a b", "\0", "JyBPUiAxPTE", "A" * 300, "=" * 4, "\ud800"])
def test_malformed_cursor_is_rejected_with_the_name_of_the_field(text: str) -> None:
    with pytest.raises(Invalid) as error:
        cursor.decode(text)
    assert [field["field"] for field in error.value.errors] == ["cursor"]


@pytest.mark.parametrize("key", ["0", "zzzzzzzz", "01932F3E-9A4C-7CC1-8A53-6D1F0C5A7B21"])
def test_cursor_that_is_no_id_is_rejected_where_an_id_is_required(key: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        cursor.decode_id(cursor.encode(key))


def test_decoded_id_is_the_encoded_id() -> None:
    key = "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"
    assert cursor.decode_id(cursor.encode(key)) == key
    assert cursor.decode_id(None) is None


@pytest.mark.parametrize("key", ["abc", "1" * 19, "-1", "1.5"])
def test_cursor_that_is_no_number_is_rejected_where_a_number_is_required(key: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        cursor.decode_number(cursor.encode(key))


def test_page_has_a_next_cursor_only_if_there_are_more_items() -> None:
    items = [Item(id=letter) for letter in "abc"]
    page = cursor.page(Page[Item], items, 2)
    assert [item.id for item in page.items] == ["a", "b"]
    assert cursor.decode(page.next) == "b"
    assert cursor.page(Page[Item], items, 3).next is None
    assert cursor.page(Page[Item], [], 3).next is None
