"""Every RPC method that writes is tested with a request that is delivered twice."""

from collections.abc import Iterable

from tests.contract.test_signatures import METHODS
from tests.integration.feeds.test_repetition import WRITES as FEEDS
from tests.integration.gateway.test_repetition import WRITES as GATEWAY
from tests.integration.notifications.test_repetition import WRITES as NOTIFICATIONS
from tests.integration.users.test_repetition import WRITES as USERS

TESTED: dict[str, Iterable[str]] = {"users": USERS, "feeds": FEEDS, "notifications": NOTIFICATIONS, "gateway": GATEWAY}
# The reply counts what this call has changed; a repetition changes the rest, or nothing.
COUNTING = {
    "users.trust_addresses",
    "deliveries.retry",
    "deliveries.park",
    "gateway.rebuild_authors",
    *(
        f"{service}.{method}_parked"
        for service in ("feeds", "notifications", "gateway")
        for method in ("replay", "discard")
    ),
}
READING = {
    "users": (
        "detail all account_events sessions identities export"
        " active_recipients contacts codes security_notices profiles"
        # Record at most that a session was used.
        " authenticate authenticate_all"
    ),
    "feeds": "detail all authors export parked",
    "notifications": "inbox detail missed export parked",
    "deliveries": "status",
    "gateway": "export routes authors parked",
}


def test_every_method_reads_or_is_tested_or_counts_what_it_did() -> None:
    tested = {f"{service}.{method}" for service, methods in TESTED.items() for method in methods}
    reading = {f"{service}.{method}" for service, methods in READING.items() for method in methods.split()}
    common = {name for name in METHODS if name.partition(".")[2] in {"ping", "describe", "events_since", "events_at"}}
    assert tested | COUNTING | reading | common == METHODS.keys()
    assert len(tested) + len(COUNTING) + len(reading) + len(common) == len(METHODS)
