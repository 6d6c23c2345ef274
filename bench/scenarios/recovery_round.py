"""A round of `recovery`: users post and read while one fault is injected, and go on until nothing is late."""

import asyncio
import os
import re
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from sqlalchemy.exc import DBAPIError

from bench.data import messages
from bench.data.inboxes import Arrivals
from bench.load.http import Client, Request, Response
from bench.load.loops import at_rate
from bench.load.readers import Reader, connected
from bench.measure.latency import Latency
from bench.measure.measurement import Measurement
from bench.platform import Platform
from bench.scenarios.posting import now, post_id
from dev import DevError

RATE = float(os.environ.get("RATE") or 50)  # posts per second
READERS = 9  # all users have a websocket; the first reader gets e-mails, too
RECIPIENTS = READERS + 1  # of a post: the readers, and that of the two authors who did not write it
SMS_SHARE = 5  # one post of so many is by the author without SMS; a text of its own to one number takes 30 ms
LATE = 3  # seconds within which a post is answered, in an inbox, on a websocket, sent; else it is late
BEFORE = 3  # seconds of posts before a fault
NORMAL = 2  # seconds without a late or failed request, after which requests are answered again
LIMIT = 120  # seconds
_POLL = 0.05  # seconds
_NAME = re.compile(r"recovery \d+")
_numbers = count(1)


class Round:
    """Users post and read while one fault is injected. They are given by their tokens."""

    def __init__(self, platform: Platform, author: str, sms_user: str, readers: Sequence[str]) -> None:
        messages.clear(platform.instance.environment)
        self._platform = platform
        self._authors = {author: set[str](), sms_user: set[str]()}  # with the names of their posts
        self._readers = {token: Reader(platform.target, token, _NAME) for token in (author, sms_user, *readers)}
        self._arrivals = Arrivals(platform.inboxes, RECIPIENTS)
        self._responses: dict[str, Response] = {}
        self._injecting = True
        self._unknown = messages.unfinished_and_unknown(platform.instance.environment)[1]

    async def run(self, name: str, inject: Callable[[], float]) -> Measurement:
        """Return the seconds from the end of a fault until nothing is late any more. `inject` returns when it ended."""
        started = now()
        async with connected([*self._readers.values()]):
            polling = asyncio.create_task(self._poll())
            posting = asyncio.create_task(self._post())
            await asyncio.sleep(BEFORE)
            ended = await asyncio.to_thread(inject)
            await self._wait_until_answered(ended)
            self._injecting = False
            await posting
            posted = now()
            await self._wait_until_complete()
            polling.cancel()
        accepted = self._accepted
        return Measurement(
            name=name,
            unit="post",
            count=len(accepted),
            seconds=posted - started,
            errors=len(self._responses) - len(accepted),
            latency=Latency.of(one.seconds for one in accepted.values()),
            figures=self._figures(ended),
        )

    async def _post(self) -> None:
        """Create posts until the fault is over."""
        client = Client(self._platform.target)
        await at_rate(self._sends(client, now()), RATE)
        client.close()

    def _sends(self, client: Client, started: float) -> Iterator[Coroutine[Any, Any, Response]]:
        author, sms_user = self._authors
        for number in count():
            if not self._injecting:
                return
            yield self._send(client, sms_user if number % SMS_SHARE else author, started + number / RATE)

    async def _send(self, client: Client, token: str, intended: float) -> Response:
        """Create a post with a name of its own."""
        name = f"recovery {next(_numbers)}"
        self._authors[token].add(name)
        request = Request("POST", "/create-post/", token, {"text": f"Karibu, {name}."})
        response = self._responses[name] = await client.send(request, intended)
        return response

    async def _poll(self) -> None:
        """Follow the inboxes; the database may be the one that is broken."""
        while True:
            with suppress(DBAPIError):
                self._arrivals.poll()
            await asyncio.sleep(_POLL)

    async def _wait_until_answered(self, ended: float) -> None:
        """Wait for a time in which every request was answered and none late; go on after LIMIT, to see the rest."""
        while now() < ended + LIMIT:
            await asyncio.sleep(_POLL)
            until = now() - LATE
            recent = [one for one in self._responses.values() if until - NORMAL < one.intended < until]
            missing = NORMAL * RATE - len(recent)
            if until > ended and missing <= 1 and all(one.ok and one.seconds < LATE for one in recent):
                return

    async def _wait_until_complete(self) -> None:
        environment, inboxes, posts = self._platform.instance.environment, self._platform.inboxes, self._platform.posts
        await _until(lambda: inboxes.fanned_out() >= posts.count(), "a post is not in all inboxes")
        await _until(lambda: messages.unfinished_and_unknown(environment)[0] == 0, "a mail or SMS is not sent")
        await _until(self._all_seen, "a websocket missed a post")

    def _all_seen(self) -> bool:
        accepted = self._accepted.keys()
        return all(
            accepted - self._authors.get(token, set()) <= reader.seen.keys() for token, reader in self._readers.items()
        )

    @property
    def _accepted(self) -> dict[str, Response]:
        return {name: response for name, response in self._responses.items() if response.ok}

    def _figures(self, ended: float) -> dict[str, float]:
        environment, directory = self._platform.instance.environment, self._platform.instance.directory
        accepted = self._accepted
        by_post = self._arrivals.by_post()
        inboxes = {name: by_post[post_id(one)] for name, one in accepted.items()}
        websockets = [late(accepted, reader.seen, ended) for reader in self._readers.values()]
        clock = time.time() - time.monotonic()
        mails, sms = messages.mails(directory / "mailbox", _NAME), messages.sms(environment, _NAME)
        unknown = messages.unfinished_and_unknown(environment)[1] - self._unknown
        by_author, _ = self._authors.values()
        if lost := accepted.keys() - mails.keys():
            raise DevError(f"{len(lost)} mails are missing")
        if len(lost := accepted.keys() & by_author - sms.keys()) > unknown:
            raise DevError(f"{len(lost)} SMS are missing, {unknown} are unknown")
        return {
            "requests": requests_normal(self._responses.values(), ended),
            "inboxes": late(accepted, inboxes, ended),
            "websockets": max(websockets),
            "e-mail": late(accepted, {name: at - clock for name, at in mails.items()}, ended),
            "SMS": late(accepted, {name: at - clock for name, at in sms.items()}, ended),
            "SMS unknown": unknown,
        }


async def _until(check: Callable[[], bool], problem: str) -> None:
    """Wait until the check is true; raise DevError after LIMIT."""
    deadline = now() + LIMIT
    while not check():
        if now() > deadline:
            raise DevError(f"{problem} after {LIMIT} s")
        await asyncio.sleep(_POLL)


def requests_normal(responses: Iterable[Response], ended: float) -> float:
    """Return the seconds from the end of the fault until the last request was sent that failed or was late."""
    bad = (one.intended for one in responses if not one.ok or one.seconds > LATE)
    return max(0.0, max(bad, default=ended) - ended)


def late(accepted: Mapping[str, Response], arrived: Mapping[str, float], ended: float) -> float:
    """Return the seconds from the end of the fault until the last post arrived that was late."""
    times = (at for name, at in arrived.items() if name in accepted and at - accepted[name].ended > LATE)
    return max(0.0, max(times, default=ended) - ended)
