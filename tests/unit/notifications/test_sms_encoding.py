"""Texts that fit into one SMS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.channels.sms.encoding import one_sms


def test_sms_starts_with_the_sender_and_is_cut_between_words() -> None:
    assert one_sms("ada posted", "Karibu") == "Baraza: ada posted: Karibu"
    text = one_sms("ada posted", "mti " * 100)
    assert len(text) <= 160
    assert text.endswith("mti...")


@pytest.mark.parametrize(
    ("char", "room"),
    [("a", 146), ("ñ", 146), ("€", 73), ("č", 56), ("\N{GRINNING FACE}", 28)],
    ids=["basic", "basic too", "extension", "UCS-2", "two units"],
)
def test_room_depends_on_the_encoding_of_the_characters(char: str, room: int) -> None:
    text = one_sms("x", char * 200)
    assert text == "Baraza: x: " + char * room + "..."


def test_character_that_is_cut_off_does_not_change_the_encoding() -> None:
    assert len(one_sms("x", "a " * 100 + "č")) > 150


@given(title=st.text(min_size=1, max_size=100), message=st.text(max_size=1000) | st.text("aé€[č\N{GRINNING FACE} "))
def test_every_sms_has_one_part(title: str, message: str) -> None:
    assert parts(one_sms(title, message)) == 1


def parts(text: str) -> int:
    """Count the parts of an SMS: in septets of the GSM alphabet, or in UTF-16 code units."""
    basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    basic += "abcdefghijklmnopqrstuvwxyzäöñüà"
    extension = "^{}\\[~]|€\f"
    if all(char in basic + extension for char in text):
        return -(-sum(1 + (char in extension) for char in text) // 160)
    return -(-len(text.encode("utf-16-le")) // 2 // 70)
