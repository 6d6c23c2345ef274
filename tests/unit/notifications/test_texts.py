"""The texts of notifications."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.contract import PostCreated
from notifications import texts

POST = PostCreated(
    id="01932f3e-0000-7000-8000-000000000001",
    author_id="01932f3e-0000-7000-8000-00000000000a",
    author_username="ada",
    text="Karibu, the bench is open.",
    created_at=datetime(2026, 11, 22, tzinfo=UTC),
)


def test_erased_post_has_neither_name_nor_text() -> None:
    content = texts.for_erased_post(POST.id, POST.author_id)
    assert content.kind == "post_created"
    assert content.data.keys() == {*texts.for_post(POST).data, "deleted"}
    assert "ada" not in str(content)
    assert POST.text not in str(content)


@pytest.mark.parametrize(
    ("text", "limit", "excerpt"),
    [
        ("a" * 20, 20, "a" * 20),
        ("one two three", 8, "one two…"),
        ("ada: " + "木" * 30, 15, "ada: " + "木" * 9 + "…"),
        ("a" * 30, 10, "a" * 9 + "…"),
    ],
    ids=["fits", "word that just fits", "no spaces", "long word"],
)
def test_text_is_cut_between_words_where_possible(text: str, limit: int, excerpt: str) -> None:
    assert texts.excerpt(text, limit) == excerpt


def test_one_line_has_no_line_breaks_and_control_characters() -> None:
    assert texts.one_line("Hi\r\nBcc: eve@example.org\t\x1b[2J ") == "Hi Bcc: eve@example.org [2J"


@given(text=st.text(max_size=300), limit=st.integers(4, 250))
def test_excerpt_is_never_longer_than_its_limit(text: str, limit: int) -> None:
    assert len(texts.excerpt(text, limit)) <= limit
