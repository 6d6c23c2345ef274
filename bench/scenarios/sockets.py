"""Websockets: a post to all of them, and thousands that connect and come back at the same time."""

import asyncio
from collections.abc import Iterator
from functools import partial

from bench.load import websockets
from bench.load.http import Client, Request, Response
from bench.load.other_process import OtherProcess
from bench.load.websockets import Wanted, Websocket
from bench.measure.latency import Latency
from bench.measure.measurement import Measurement
from bench.measure.usage import Usage, sample
from bench.platform import Platform
from bench.scenarios.posting import now, post_requests
from dev.platform.programs import GATEWAY

SIZES = (1_000, 4_000)
POSTS = 5
LIMIT = 20  # seconds for a post to reach all websockets
GENTLE = 250  # connections per second

CROWD, WITHIN = 4_000, 5  # clients, seconds
OTHERS = 20  # requests per second of other users, one of them a post
KILOBYTES = 1024


def fan_out(platform: Platform) -> Iterator[Measurement]:
    """Create five posts, one after the other, to 1,000 and to 4,000 websockets."""
    for size in SIZES:
        tokens = platform.new_users(size + 1).tokens
        yield asyncio.run(_fan_out(platform, tokens))


async def _fan_out(platform: Platform, tokens: list[str]) -> Measurement:
    author, *readers = tokens
    connected = await websockets.connect(platform.target, [Wanted(one) for one in readers], GENTLE)
    client, waits = Client(platform.target), list[float]()
    with Usage(platform.instance.control) as usage:
        for number in range(1, POSTS + 1):
            started = now()
            await client.send(next(post_requests([author], 1)))
            await _wait(connected.websockets, number)
            waits += [frames[-1][0] - started for one in connected.websockets if len(frames := one.frames) == number]
    client.close()
    connected.abort()
    return Measurement.of(
        usage,
        name=f"a post to {len(readers):,} websockets",
        unit="delivery",
        count=len(waits),
        seconds=sum(max(waits[n : n + len(readers)]) for n in range(0, len(waits), len(readers))),
        errors=len(readers) * POSTS - len(waits),
        latency=Latency.of(waits),
    )


async def _wait(connected: list[Websocket], frames: int) -> None:
    """Wait until each has this many frames, or for a limit."""
    deadline = now() + LIMIT
    while now() < deadline and any(len(one.frames) < frames for one in connected):  # noqa: ASYNC110 - of thousands
        await asyncio.sleep(0.05)


def crowd(platform: Platform) -> Iterator[Measurement]:
    """Connect 4,000 clients within 5 seconds; end all connections, and connect them again within 5 seconds.

    Meanwhile other users read and post. A rejected client tries again after a second.
    """
    author, *readers = platform.new_users(CROWD + 1).tokens
    memory = sample(platform.instance.control)[GATEWAY].memory
    measured = partial(_connect, platform, author, memory)
    clients, measurements = asyncio.run(measured(f"{CROWD:,} clients connect", [Wanted(one) for one in readers]))
    yield from measurements
    yield from asyncio.run(measured(f"{CROWD:,} clients come back", clients))[1]


async def _connect(
    platform: Platform, author: str, before: float, name: str, clients: list[Wanted]
) -> tuple[list[Wanted], list[Measurement]]:
    """Connect the clients, then end their connections; return them as they will come back."""
    with OtherProcess(platform.target) as other, Usage(platform.instance.control) as usage:
        started = now()
        others = asyncio.create_task(other.open_loop(_other_requests(author), OTHERS))
        connected = await websockets.connect(platform.target, clients, CROWD / WITHIN)
        seconds = now() - started
        responses: list[Response] = await others
    memory = sample(platform.instance.control)[GATEWAY].memory
    measurement = Measurement.of(
        usage,
        name=name,
        unit="client",
        count=CROWD,
        seconds=seconds,
        errors=connected.rejected,
        latency=Latency.of(connected.waits),
        figures={"kB of memory each": (memory - before) * KILOBYTES / CROWD},
    )
    meanwhile = Measurement(
        name=f"{name}: other requests",
        unit="request",
        count=len(responses),
        seconds=len(responses) / OTHERS,
        errors=sum(not response.ok for response in responses),
        latency=Latency.of(response.seconds for response in responses),
    )
    connected.abort()
    return connected.seen(), [measurement, meanwhile]


def _other_requests(token: str) -> list[Request]:
    """Return the requests of other users for the time of the crowd: a post, then reads, each second."""
    second = [*post_requests([token], 1), *[Request("GET", "/notifications/?limit=20", token)] * (OTHERS - 1)]
    return second * WITHIN
