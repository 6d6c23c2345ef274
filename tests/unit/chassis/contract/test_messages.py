from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chassis.contract import Id, Message, PageRequest, Text, Timestamp


class Note(Message):
    id: Id = "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"
    text: Text
    at: Timestamp = datetime(2026, 1, 2, tzinfo=UTC)


def test_unknown_fields_are_ignored() -> None:
    assert Note.model_validate({"text": "a", "colour": "red"}).text == "a"


@pytest.mark.parametrize("text", [7, None, b"bytes", ["a"], True])
def test_other_types_are_not_converted_to_text(text: object) -> None:
    with pytest.raises(ValidationError):
        Note.model_validate({"text": text})


@pytest.mark.parametrize("limit", ["20", 20.0, True, 0, 101])
def test_other_types_are_not_converted_to_integers(limit: object) -> None:
    with pytest.raises(ValidationError):
        PageRequest.model_validate({"limit": limit})


def test_message_is_immutable() -> None:
    with pytest.raises(ValidationError):
        Note(text="a").text = "b"  # type: ignore[misc]


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "a\udfffb"])
def test_text_that_a_database_cannot_store_is_rejected(text: str) -> None:
    with pytest.raises(ValidationError):
        Note(text=text)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_other_text_is_unchanged_after_encoding_and_decoding(text: str) -> None:
    assert Note.model_validate_json(Note(text=text).model_dump_json()).text == text


@pytest.mark.parametrize("value", ["", "x", "01932F3E-9A4C-7CC1-8A53-6D1F0C5A7B21", "01932f3e9a4c7cc18a536d1f0c5a7b21"])
def test_id_is_a_uuid_in_lower_case_with_hyphens(value: str) -> None:
    with pytest.raises(ValidationError):
        Note(text="a", id=value)


def test_id_with_a_line_break_at_its_end_is_rejected() -> None:
    with pytest.raises(ValidationError):
        Note(text="a", id="01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21\n")


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000000Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=UTC), "2026-01-02T03:04:05.000060Z"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=3))), "2026-01-02T00:04:05.000000Z"),
    ],
)
def test_time_is_encoded_in_utc_with_microseconds(time: datetime, text: str) -> None:
    assert Note(text="a", at=time).model_dump(mode="json")["at"] == text
    assert Note.model_validate({"text": "a", "at": text}).at == time


def test_time_without_a_timezone_is_rejected() -> None:
    with pytest.raises(ValidationError):
        Note(text="a", at=datetime(2026, 1, 2))  # noqa: DTZ001 - the point of the test


@given(*[st.datetimes(datetime(1000, 1, 1), timezones=st.just(UTC))] * 2)  # noqa: DTZ001 - hypothesis adds the zone
def test_encoded_times_sort_like_the_times(first: datetime, second: datetime) -> None:
    texts = [Note(text="a", at=time).model_dump(mode="json")["at"] for time in (first, second)]
    assert (texts[0] < texts[1]) == (first < second)
