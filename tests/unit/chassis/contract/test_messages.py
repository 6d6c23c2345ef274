from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chassis.contract import Id, Message, PageRequest, Text, Timestamp

ID = "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"
INVALID: dict[str, list[object]] = {
    "text": [7, None, b"bytes", ["a"], True, "\0", "a\0b", "\ud800", "a\udfffb"],
    "id": ["", "x", ID.upper(), ID.replace("-", ""), f"{ID}\n"],
    "at": ["2026-01-02T00:00:00", datetime(2026, 1, 2)],  # noqa: DTZ001 - without a time zone
}


class Note(Message):
    id: Id = ID
    text: Text
    at: Timestamp = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in INVALID.items() for value in values])
def test_value_that_is_not_exactly_of_its_type_is_rejected(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        Note.model_validate({"text": "a", field: value})


@pytest.mark.parametrize("limit", ["20", 20.0, True, 0, 101])
def test_other_types_are_not_converted_to_integers(limit: object) -> None:
    with pytest.raises(ValidationError):
        PageRequest.model_validate({"limit": limit})


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


@given(*[st.datetimes(datetime(1000, 1, 1), timezones=st.just(UTC))] * 2)  # noqa: DTZ001 - hypothesis adds the zone
def test_encoded_times_sort_like_the_times(first: datetime, second: datetime) -> None:
    texts = [Note(text="a", at=time).model_dump(mode="json")["at"] for time in (first, second)]
    assert (texts[0] < texts[1]) == (first < second)
