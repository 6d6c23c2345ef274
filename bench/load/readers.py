"""Clients that keep a websocket open and reconnect, as docs/websocket.md describes."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bench.load.http import Client, Request, Target
from bench.load.websockets import Wanted, Websocket, open_websocket

RECONNECT = 0.5  # seconds between a lost connection and the next one, and between two looks at a connection
_PAGE = 100  # notifications


class Reader:
    """A user's client; `seen` has the time at which it first saw each text that the pattern finds."""

    def __init__(self, target: Target, token: str, pattern: re.Pattern[str]) -> None:
        self.seen: dict[str, float] = {}
        self._target = target
        self._token = token
        self._pattern = pattern
        self._since = ""
        self._websocket: Websocket | None = None
        self._applied = 0  # frames of this websocket

    async def connect(self) -> None:
        """Return when it is connected; call this before the first post, because it starts without an inbox."""
        while self._websocket is None:
            await self._reconnect()

    async def follow(self) -> None:
        """Stay connected and apply frames until the task is cancelled."""
        while True:
            if self._websocket is None or not self._websocket.is_open:
                await self._reconnect()
            self.apply()
            await asyncio.sleep(RECONNECT)

    def apply(self) -> None:
        """Record what the frames show that have arrived."""
        if self._websocket is None:
            return
        for at, frame in self._websocket.frames[self._applied :]:
            self._see(frame.decode(), at)
        self._since = self._websocket.last_id() or self._since
        self._applied = len(self._websocket.frames)

    def close(self) -> None:
        """End the connection."""
        if self._websocket is not None:
            self._websocket.abort()

    async def _reconnect(self) -> None:
        self.apply()
        self._websocket, self._applied = await open_websocket(self._target, Wanted(self._token, self._since)), 0
        if self._websocket is not None and self._since and not self._websocket.resumed:
            self._websocket.abort()
            await self._fetch()

    async def _fetch(self) -> None:
        """Read the inbox, the newest first, up to what was seen before."""
        client, cursor, newest = Client(self._target), "", ""
        while True:
            response = await client.send(Request("GET", f"/notifications/?limit={_PAGE}{cursor}", self._token))
            if not response.ok:
                return  # the next attempt to resume fails in the same way
            page: dict[str, Any] = json.loads(response.body)
            ids = [str(item["id"]) for item in page["items"]]
            newest = newest or next(iter(ids), "")
            for item in page["items"]:
                self._see(item["message"], response.ended)
            if self._since in ids or not page["next"]:
                break
            cursor = f"&cursor={page['next']}"
        client.close()
        self._since = newest

    def _see(self, text: str, at: float) -> None:
        if found := self._pattern.search(text):
            self.seen.setdefault(found[0], at)


@asynccontextmanager
async def connected(readers: Sequence[Reader]) -> AsyncIterator[None]:
    """Let all of them follow their inboxes in the block, which begins when they are connected."""
    await asyncio.gather(*(reader.connect() for reader in readers))
    tasks = [asyncio.create_task(reader.follow()) for reader in readers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for reader in readers:
            reader.close()
