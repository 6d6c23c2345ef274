import threading
import time
import uuid
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import clock, ids
from chassis.ids import first_id, new_id


def test_id_is_a_uuid_of_version_7_with_the_millisecond_of_its_creation() -> None:
    before = time.time_ns() // 1_000_000
    created = uuid.UUID(new_id())
    assert (created.version, created.variant) == (7, uuid.RFC_4122)
    assert before - 1000 <= created.int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_ids_sort_by_creation_within_one_millisecond_too() -> None:
    created = [new_id() for _ in range(20_000)]
    assert created == sorted(set(created))


def test_ids_increase_when_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert new_id() > before


def test_threads_create_different_ids() -> None:
    created: list[list[str]] = [[] for _ in range(8)]
    threads = [threading.Thread(target=lambda own=own: own.extend(new_id() for _ in range(2000))) for own in created]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({an_id for own in created for an_id in own}) == 16_000
    assert all(own == sorted(own) for own in created)


@given(st.integers(min_value=0, max_value=2**122 - 1), st.integers(min_value=0, max_value=2**122 - 1))
def test_texts_sort_like_the_numbers(first: int, second: int) -> None:
    texts = ids._format(first), ids._format(second)  # noqa: SLF001 - the order of all ids depends on it
    assert (texts[0] < texts[1]) == (first < second)
    assert all(uuid.UUID(text).version == 7 for text in texts)


def test_first_id_of_a_time_is_greater_than_all_ids_created_before() -> None:
    before = new_id()
    time_ahead = clock.now() + timedelta(milliseconds=1)
    first = first_id(time_ahead)
    assert before < first < first_id(time_ahead + timedelta(milliseconds=1))
    assert uuid.UUID(first).version == 7
    assert int(first.replace("-", "")[:12], 16) == int(time_ahead.timestamp() * 1000)
