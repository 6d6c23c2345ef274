"""The parts of an export that need no servers."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from nameko.exceptions import MethodNotFound, RemoteError, deserialize, serialize

from chassis.clock import now
from chassis.ids import new_id
from feeds.contract import ExportedPost, PostData
from gateway.contract import Export, GatewayData
from gateway.exports import announcement, file, settings, sources, store
from gateway.exports.store import Claim

SECTION = {
    "keep": 7,
    "per_day": 3,
    "page": 200,
    "pages": 20,
    "pause": 0.05,
    "lease": 15,
    "retry": 30,
    "absent": 600,
    "give_up": 86_400,
}
CLAIM = Claim(
    id=new_id(),
    user_id=new_id(),
    state=store.READY,
    requested_at=datetime(2026, 11, 22, tzinfo=UTC),
    expires_at=datetime(2026, 11, 29, tzinfo=UTC),
    lease=1,
    source=sources.OWN,
    cursor=None,
)


@pytest.mark.parametrize(("deadline", "lease"), [(5, 15), (60, 120)])
def test_lease_is_longer_than_a_call(deadline: int, lease: int) -> None:
    config = {"gateway": {"exports": SECTION}, "rpc": {"deadline": deadline}}
    assert settings.from_config(config).lease == lease


def test_notification_is_the_same_at_each_attempt() -> None:
    first, second = (announcement.content(replace(CLAIM, lease=lease)) for lease in (1, 9))
    assert first == second
    assert (first.title, "29 November 2026" in first.message) == ("Your export is ready", True)
    assert announcement.content(replace(CLAIM, state=store.FAILED)).title == "Your export failed"


def test_services_are_read_before_the_own_tables() -> None:
    order = [sources.FIRST]
    while (following := sources.after(order[-1])) is not None:
        order.append(following)
    assert order == ["users", "feeds", "notifications", "gateway"]


def test_records_of_a_page_are_joined_by_section() -> None:
    posts = [
        ExportedPost(id=new_id(), text=text, created_at=now(), edited_at=None, deletion_id=None, deleted_at=None)
        for text in ("Karibu", "Asante")
    ]
    ((section, content),) = sources.records(PostData(posts=posts))
    assert section == "posts"
    assert content.decode() == ",".join(post.model_dump_json() for post in posts)
    assert list(sources.records(GatewayData())) == []


def test_file_is_named_after_the_day_of_the_request() -> None:
    export = Export(
        id=new_id(),
        state="ready",
        requested_at=datetime(2026, 11, 22, 23, 59, tzinfo=UTC),
        finished_at=now(),
        expires_at=now(),
    )
    assert file.name(export) == "baraza-2026-11-22.json"


def test_missing_method_of_an_older_service_is_an_error_that_is_retried() -> None:
    assert isinstance(deserialize(serialize(MethodNotFound("export"))), MethodNotFound | RemoteError)
