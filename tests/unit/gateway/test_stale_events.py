"""Events about the same thing that do not come in order."""

from chassis.ids import new_id
from gateway.websocket import stale_events
from gateway.websocket.stale_events import StaleEventFilter


def test_older_event_about_the_same_object_is_stale() -> None:
    seen, first, second = StaleEventFilter(), new_id(), new_id()
    assert seen.is_newest("tea", second)
    assert not seen.is_newest("tea", first)
    assert not seen.is_newest("tea", second)
    assert seen.is_newest("coffee", first)
    assert seen.is_newest("tea", new_id())


def test_filter_remembers_only_recent_objects() -> None:
    seen, first = StaleEventFilter(), new_id()
    seen.is_newest("tea", new_id())
    for number in range(stale_events.REMEMBERED):
        seen.is_newest(f"cup {number}", new_id())
    assert seen.is_newest("tea", first)
