"""Texts that are fitted into limited room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.shortening import one_line, shorten


@pytest.mark.parametrize(
    ("text", "limit", "shortened"),
    [
        ("a" * 20, 20, "a" * 20),
        ("one two three", 8, "one two…"),
        ("ada: " + "木" * 30, 15, "ada: " + "木" * 9 + "…"),
        ("a" * 30, 10, "a" * 9 + "…"),
    ],
    ids=["fits", "word that just fits", "no spaces", "long word"],
)
def test_text_is_cut_between_words_where_possible(text: str, limit: int, shortened: str) -> None:
    assert shorten(text, limit) == shortened


def test_one_line_has_no_line_breaks_and_control_characters() -> None:
    assert one_line("Hi\r\nBcc: eve@example.org\t\x1b[2J ") == "Hi Bcc: eve@example.org [2J"


def test_one_line_keeps_the_joiners_of_emoji_and_words() -> None:
    text = "\N{MAN}\N{ZERO WIDTH JOINER}\N{EAR OF RICE} \u0645\u06cc\N{ZERO WIDTH NON-JOINER}\u062e\u0648\u0627"
    assert one_line(text) == text
    assert one_line("a\N{RIGHT-TO-LEFT OVERRIDE}b") == "a b"


@given(text=st.text(max_size=300), limit=st.integers(4, 250))
def test_shortened_text_is_never_longer_than_its_limit(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit
