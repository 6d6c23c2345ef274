import threading
import time
import uuid
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import clock, ids
from chassis.ids import first_id, new_id


def test_an_id_is_a_uuid_of_version_7() -> None:
    for _ in range(1000):
        made = uuid.UUID(new_id())
        assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_an_id_carries_the_millisecond_of_its_making() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_id()).int >> 80
    assert before - 1000 <= made <= time.time_ns() // 1_000_000 + 1


def test_ids_sort_as_they_were_made_also_within_one_millisecond() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))


def test_ids_keep_growing_when_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert new_id() > before


def test_threads_never_make_the_same_id() -> None:
    made: list[list[str]] = [[] for _ in range(8)]
    threads = [threading.Thread(target=lambda own=own: own.extend(new_id() for _ in range(2000))) for own in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one for own in made for one in own}) == 16_000
    assert all(own == sorted(own) for own in made)


@given(st.integers(min_value=0, max_value=2**122 - 1), st.integers(min_value=0, max_value=2**122 - 1))
def test_the_text_sorts_as_the_number_does(one: int, other: int) -> None:
    texts = ids._format(one), ids._format(other)  # noqa: SLF001 - the one rule behind all order
    assert (texts[0] < texts[1]) == (one < other)
    assert all(uuid.UUID(text).version == 7 for text in texts)


def test_every_id_that_was_made_before_a_moment_is_smaller_than_its_first_one() -> None:
    before = new_id()
    moment = clock.now() + timedelta(milliseconds=1)
    first = first_id(moment)
    assert before < first < first_id(moment + timedelta(milliseconds=1))
    assert uuid.UUID(first).version == 7
    assert int(first.replace("-", "")[:12], 16) == int(moment.timestamp() * 1000)
