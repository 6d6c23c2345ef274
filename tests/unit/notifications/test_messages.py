"""What people read."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.contract import PostCreated
from notifications import wording
from notifications.channels.sms.text import one_part
from notifications.contract import SendNotification

POST = PostCreated(
    id="01932f3e-0000-7000-8000-000000000001",
    author_id="01932f3e-0000-7000-8000-00000000000a",
    author_username="ada",
    text="Karibu, the bench is open.",
    created_at=datetime(2026, 11, 22, tzinfo=UTC),
)


def test_a_post_becomes_its_authors_name_an_excerpt_and_the_ids() -> None:
    content = wording.about_post(POST)
    assert (content.kind, content.title, content.message) == ("post_created", "ada posted", POST.text)
    assert content.data == {"post_id": POST.id, "author_id": POST.author_id, "author_username": "ada"}


def test_of_an_erased_authors_post_neither_name_nor_words_are_left() -> None:
    content = wording.about_erased_post(POST.id, POST.author_id)
    assert content.kind == "post_created"
    assert content.data.keys() == {*wording.about_post(POST).data, "deleted"}
    assert "ada" not in str(content)
    assert POST.text not in str(content)


def test_a_long_post_is_cut_at_a_word() -> None:
    content = wording.about_post(POST.model_copy(update={"text": "mti " * 100}))
    assert content.message == ("mti " * 50).strip() + "…"
    assert len(content.message) == 200


def test_a_message_without_a_title_gets_a_plain_one() -> None:
    request = SendNotification(user_id=POST.author_id, message="Chai?")
    assert wording.from_sender(request) == wording.Content("message", "Message", "Chai?")


def test_a_text_that_fits_is_not_cut() -> None:
    assert wording.excerpt("a" * 20, 20) == "a" * 20


def test_a_word_that_just_fits_is_kept_whole() -> None:
    assert wording.excerpt("one two three", 8) == "one two…"


def test_a_script_without_spaces_keeps_its_words() -> None:
    assert wording.excerpt("ada: " + "木" * 30, 15) == "ada: " + "木" * 9 + "…"


def test_one_endless_word_is_cut_anywhere() -> None:
    assert wording.excerpt("a" * 30, 10) == "a" * 9 + "…"


def test_an_sms_says_who_speaks_and_fits_into_one_message() -> None:
    assert one_part("ada posted", "Karibu") == "Baraza: ada posted: Karibu"
    text = one_part("ada posted", "mti " * 100)
    assert len(text) <= 160
    assert text.endswith("mti...")


@pytest.mark.parametrize(
    ("char", "room"),
    [("a", 146), ("ñ", 146), ("€", 73), ("č", 56), ("\N{GRINNING FACE}", 28)],
    ids=["basic", "basic too", "extension", "UCS-2", "two units"],
)
def test_an_sms_has_as_much_room_as_its_characters_leave(char: str, room: int) -> None:
    text = one_part("x", char * 200)
    assert text == "Baraza: x: " + char * room + "..."


def test_a_character_that_is_cut_off_costs_nothing() -> None:
    assert len(one_part("x", "a " * 100 + "č")) > 150


@given(title=st.text(min_size=1, max_size=100), message=st.text(max_size=1000))
def test_every_sms_is_one_part(title: str, message: str) -> None:
    assert parts(one_part(title, message)) == 1


@given(message=st.text(alphabet="aé€[č\N{GRINNING FACE} ", max_size=300))
def test_every_sms_is_one_part_also_on_the_edge(message: str) -> None:
    assert parts(one_part("x", message)) == 1


def parts(text: str) -> int:
    """Count as a phone network does: in septets with Python's own idea of the alphabet, or in UTF-16."""
    basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    basic += "abcdefghijklmnopqrstuvwxyzäöñüà"
    extension = "^{}\\[~]|€\f"
    if all(char in basic + extension for char in text):
        return -(-sum(1 + (char in extension) for char in text) // 160)
    return -(-len(text.encode("utf-16-le")) // 2 // 70)


def test_a_subject_is_one_line_whatever_the_title_holds() -> None:
    assert wording.one_line("Hi\r\nBcc: eve@example.org\t\x1b[2J ") == "Hi Bcc: eve@example.org [2J"


@given(text=st.text(max_size=300), limit=st.integers(4, 250))
def test_no_excerpt_is_longer_than_its_limit(text: str, limit: int) -> None:
    assert len(wording.excerpt(text, limit)) <= limit
