"""Two kinds of load: a number of concurrent requests (closed loop), and a rate of requests (open loop).

In an open loop a slow platform does not slow the load down, and latencies count from the time when a request was to be
sent. So waiting behind slow requests is part of the latency, as it is for users.
"""

import asyncio
import time
from collections.abc import Awaitable, Iterable, Sequence
from typing import Protocol

from bench.load.http import Request, Response


class Sender(Protocol):
    """Sends a request and returns its response."""

    def send(self, request: Request, intended: float | None = None, /) -> Awaitable[Response]:
        """Send it now; its latency counts from the intended time."""


async def closed_loop(client: Sender, requests: Iterable[Request], concurrency: int) -> list[Response]:
    """Send all requests, `concurrency` at a time, and return the responses in the order of their ends."""
    responses: list[Response] = []
    remaining = iter(requests)

    async def send_next() -> None:
        for request in remaining:
            response = await client.send(request)
            responses.append(response)

    await asyncio.gather(*(send_next() for _ in range(concurrency)))
    return responses


async def open_loop(client: Sender, requests: Sequence[Request], rate: float) -> list[Response]:
    """Send the requests at a rate per second, however long responses take; return the responses in this order."""
    return await at_rate((client.send(request, at) for request, at in timed(requests, rate)), rate)


def timed(requests: Sequence[Request], rate: float) -> Iterable[tuple[Request, float]]:
    """Yield each request with its intended time, from now on."""
    started = time.monotonic()
    return ((request, started + number / rate) for number, request in enumerate(requests))


async def at_rate(sends: Iterable[Awaitable[Response]], rate: float) -> list[Response]:
    """Start these at a rate per second, and wait for all."""
    loop, started = asyncio.get_running_loop(), time.monotonic()
    tasks = []
    for number, send in enumerate(sends):
        if (pause := started + number / rate - time.monotonic()) > 0:
            await asyncio.sleep(pause)
        tasks.append(loop.create_task(_await(send)))
    return list(await asyncio.gather(*tasks))


async def _await(send: Awaitable[Response]) -> Response:
    return await send  # a task needs a coroutine
