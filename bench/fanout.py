"""Notifies thousands of users of a post by every channel, and prints the times: `python -m bench.fanout`.

On a platform of its own, beside all others, with the local mailbox and the SMS simulator. The figures are this
machine's, with all servers, services and stand-ins on it: good to compare two versions of the code, no more.
"""

import argparse
import secrets
import sys
import time
from typing import Any

import requests

from bench.masses import DOMAIN, PREFIX, Loaded, Masses, masses
from bench.outcome import Outcome, Progress, memory
from dev.platform.environment import for_tests
from dev.platform.instance import Instance

PROCESSES = ("users.service", "feeds.service", "notifications.service", "notifications.deliveries")
TIMEOUT = 30  # seconds for a request
PATIENCE = 600  # seconds without any progress, then something is broken
PAUSE = 0.5  # seconds between two looks


def main() -> int:
    """Return the exit code: 0 only if exactly the active users were notified, once by each channel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--active", type=int, default=10_000)
    parser.add_argument("--inactive", type=int, default=2_000)
    parser.add_argument("--emails", type=int, default=sys.maxsize, help="how many of the active want them; all")
    parser.add_argument("--phones", type=int, default=sys.maxsize, help="how many of the active want SMS; all")
    given = parser.parse_args()
    instance = Instance("bench", for_tests(), quiet=False)
    try:
        instance.delete()
        instance.start_servers()
        instance.start_applications()
        with masses(instance.environment) as crowd:
            loaded = crowd.load(given.active, given.inactive, emails=given.emails, phones=given.phones)
            return _run(instance, crowd, loaded)
    finally:
        instance.delete()


def _run(instance: Instance, crowd: Masses, loaded: Loaded) -> int:
    before = _memory(instance)
    author = f"bench_{secrets.token_hex(6)}"
    post, started = _post(instance.environment["BARAZA_URL"], author)
    outcome = Outcome(instance.environment, post["id"])
    took = _watch(outcome, started)
    after = _memory(instance)
    expected = {
        "inbox": (outcome.inbox(), crowd.active(post["created_at"]) - {post["author"]["id"]}),
        "e-mail": (outcome.emails(author, DOMAIN), loaded.emails),
        "SMS": (outcome.texts(author, PREFIX), loaded.phones),
    }
    print(f"\n{'':<28}{'expected':>10}{'got':>10}{'seconds':>10}{'a second':>10}")
    for name, (got, those) in expected.items():
        seconds = took[name]
        print(f"{name:<28}{len(those):>10}{got.total():>10}{seconds:>10.1f}{got.total() / seconds:>10.0f}")
    print(f"\n{'MB in memory':<28}{'before':>10}{'after':>10}")
    for name in PROCESSES:
        print(f"{name:<28}{before[name]:>10.0f}{after[name]:>10.0f}")
    right = all(got == dict.fromkeys(those, 1) for got, those in expected.values())
    print("\nevery user once, no other user" if right else "\nFAILED: not every user once, or others too")
    return 0 if right else 1


def _post(url: str, author: str) -> tuple[dict[str, Any], float]:
    """Register a user and post; return the post and the time before the request."""
    account = {"username": author, "password": secrets.token_hex(12)}
    requests.post(f"{url}/register/", json={**account, "email": f"{author}@example.org"}, timeout=TIMEOUT)
    token = requests.post(f"{url}/login/", json=account, timeout=TIMEOUT).json()["token"]
    started = time.monotonic()
    reply = requests.post(
        f"{url}/create-post/",
        json={"text": "Karibu, all of you."},
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT,
    )
    reply.raise_for_status()
    return reply.json(), started


def _watch(outcome: Outcome, started: float) -> dict[str, float]:
    """Print the progress until all is done; return the seconds that each channel took until its last change."""
    took = dict.fromkeys(("inbox", "e-mail", "SMS"), 0.001)
    seen = Progress()
    while not seen.sent:
        time.sleep(PAUSE)
        now, seconds = outcome.progress(), time.monotonic() - started
        for name, old, new in zip(took, _counts(seen), _counts(now), strict=True):
            took[name] = seconds if new != old else took[name]
        if now != seen:
            print(f"{seconds:7.1f} s   inbox {now.inbox}   e-mail {now.emails}   SMS {now.texts}", flush=True)
        elif seconds - max(took.values()) > PATIENCE:
            sys.exit("nothing moves any more")
        seen = now
    return took


def _counts(progress: Progress) -> tuple[int, int, int]:
    return progress.inbox, progress.emails, progress.texts


def _memory(instance: Instance) -> dict[str, float]:
    return {name: sum(memory(one.pid) for one in instance.control.replicas(name)) for name in PROCESSES}


if __name__ == "__main__":
    sys.exit(main())
