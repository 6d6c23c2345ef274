"""Events about the same thing that do not come in order."""

from chassis.ids import new_id
from gateway.websocket import stale_events
from gateway.websocket.stale_events import Latest


def test_an_event_older_than_one_that_was_heard_of_the_same_thing_is_no_news() -> None:
    seen, first, second = Latest(), new_id(), new_id()
    assert seen.is_news("tea", second)
    assert not seen.is_news("tea", first)
    assert not seen.is_news("tea", second)
    assert seen.is_news("coffee", first)
    assert seen.is_news("tea", new_id())


def test_only_the_things_of_late_are_remembered() -> None:
    seen, first = Latest(), new_id()
    seen.is_news("tea", new_id())
    for number in range(stale_events.REMEMBERED):
        seen.is_news(f"cup {number}", new_id())
    assert seen.is_news("tea", first)
