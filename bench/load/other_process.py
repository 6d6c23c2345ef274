"""An open loop in a process of its own: what this one does, such as reading thousands of websockets, delays nothing."""

import asyncio
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Self

from bench.load.http import Client, Request, Response, Target
from bench.load.loops import open_loop


class OtherProcess:
    """A process that runs during a block."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def __enter__(self) -> Self:
        self._pool.submit(_run, self._target, [], 1).result()  # starts it
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    async def open_loop(self, requests: Sequence[Request], rate: float) -> list[Response]:
        """Send the requests at a rate per second, and return the responses in this order."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, _run, self._target, requests, rate)


def _run(target: Target, requests: Sequence[Request], rate: float) -> list[Response]:
    async def run() -> list[Response]:
        client = Client(target)
        responses = await open_loop(client, requests, rate)
        client.close()
        return responses

    return asyncio.run(run())
