"""Notifies thousands of users of a post by every channel, and prints the times: `python -m bench.fanout`.

It starts a platform of its own with the fake mailbox and the SMS simulator. All servers, services and fakes share this
machine, so compare the figures only with those of another version on the same machine.
"""

import argparse
import secrets
import sys
import time
from typing import Any

import psutil
import requests

from bench.bulk_users import EMAIL_DOMAIN, PHONE_PREFIX, Inserted, UsersDatabase, users_database
from bench.post_deliveries import PostDeliveries, Progress
from dev.platform.environment import for_tests
from dev.platform.instance import Instance

PROCESSES = ("users.service", "feeds.service", "notifications.service", "notifications.deliveries")
TIMEOUT = 30  # seconds for a request
NO_PROGRESS = 600  # seconds without progress after which the run fails
PAUSE = 0.5  # seconds between two counts


def main() -> int:
    """Return the exit code: 0 only if exactly the active users were notified, once by each channel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--active", type=int, default=10_000)
    parser.add_argument("--inactive", type=int, default=2_000)
    parser.add_argument("--emails", type=int, default=sys.maxsize, help="how many active users choose e-mail; all")
    parser.add_argument("--phones", type=int, default=sys.maxsize, help="how many active users choose SMS; all")
    options = parser.parse_args()
    instance = Instance("bench", for_tests(), quiet=False)
    try:
        instance.delete()
        instance.start_servers()
        instance.start_applications()
        with users_database(instance.environment) as users:
            inserted = users.insert(options.active, options.inactive, emails=options.emails, phones=options.phones)
            return _run(instance, users, inserted)
    finally:
        instance.delete()


def _run(instance: Instance, users: UsersDatabase, inserted: Inserted) -> int:
    before = _memory(instance)
    author = f"bench_{secrets.token_hex(6)}"
    post, started = _post(instance.environment["BARAZA_URL"], author)
    deliveries = PostDeliveries(instance.environment, post["id"])
    seconds = _wait(deliveries, started)
    after = _memory(instance)
    results = {
        "inbox": (deliveries.inbox(), users.active(post["created_at"]) - {post["author"]["id"]}),
        "e-mail": (deliveries.emails(author, EMAIL_DOMAIN), inserted.emails),
        "SMS": (deliveries.sms(author, PHONE_PREFIX), inserted.phones),
    }
    print(f"\n{'':<28}{'expected':>10}{'delivered':>10}{'seconds':>10}{'a second':>10}")
    for name, (delivered, expected) in results.items():
        total, took = delivered.total(), seconds[name]
        print(f"{name:<28}{len(expected):>10}{total:>10}{took:>10.1f}{total / took:>10.0f}")
    print(f"\n{'MB in memory':<28}{'before':>10}{'after':>10}")
    for name in PROCESSES:
        print(f"{name:<28}{before[name]:>10.0f}{after[name]:>10.0f}")
    correct = all(delivered == dict.fromkeys(expected, 1) for delivered, expected in results.values())
    print("\nevery user once, no other user" if correct else "\nFAILED: not every user once, or others too")
    return 0 if correct else 1


def _post(url: str, author: str) -> tuple[dict[str, Any], float]:
    """Register a user and post; return the post and the time before the request."""
    account = {"username": author, "password": secrets.token_hex(12)}
    requests.post(f"{url}/register/", json={**account, "email": f"{author}@example.org"}, timeout=TIMEOUT)
    token = requests.post(f"{url}/login/", json=account, timeout=TIMEOUT).json()["token"]
    started = time.monotonic()
    response = requests.post(
        f"{url}/create-post/",
        json={"text": "Karibu, all of you."},
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT,
    )
    response.raise_for_status()
    return response.json(), started


def _wait(deliveries: PostDeliveries, started: float) -> dict[str, float]:
    """Print the progress until everything is sent; return the seconds until the last change of each channel."""
    changed = dict.fromkeys(("inbox", "e-mail", "SMS"), 0.001)
    last = Progress()
    while not last.sent:
        time.sleep(PAUSE)
        now, seconds = deliveries.progress(), time.monotonic() - started
        for name, old, new in zip(changed, _counts(last), _counts(now), strict=True):
            changed[name] = seconds if new != old else changed[name]
        if now != last:
            print(f"{seconds:7.1f} s   inbox {now.inbox}   e-mail {now.emails}   SMS {now.sms}", flush=True)
        elif seconds - max(changed.values()) > NO_PROGRESS:
            sys.exit(f"no progress for {NO_PROGRESS} seconds")
        last = now
    return changed


def _counts(progress: Progress) -> tuple[int, int, int]:
    return progress.inbox, progress.emails, progress.sms


def _memory(instance: Instance) -> dict[str, float]:
    """Return the resident memory of each program, in MB."""
    statuses = {name: instance.control.replicas(name) for name in PROCESSES}
    return {
        name: sum(psutil.Process(status.pid).memory_info().rss for status in found) / 2**20
        for name, found in statuses.items()
    }


if __name__ == "__main__":
    sys.exit(main())
