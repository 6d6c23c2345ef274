"""Lets requests of the same kind share RPC calls: in a crowd a call costs each of them a fraction."""

from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

import gevent
from gevent.event import AsyncResult

from chassis.errors import DeadlineExceeded

DEADLINE = 5  # seconds that a request waits, like a call of its own
PATIENCE = 0.25  # seconds after which the next call begins, though the one before has not ended

Request = TypeVar("Request")
Reply = TypeVar("Reply")


@dataclass(eq=False, slots=True)
class _Waiting(Generic[Request]):
    request: Request
    reply: "AsyncResult[Any]" = field(default_factory=AsyncResult)
    context: Context = field(default_factory=copy_context)  # with the request id
    given_up: bool = False


class SharedCalls(Generic[Request, Reply]):
    """One call runs at a time; all that is requested meanwhile shares the next, `at_once` requests at most.

    So a single request waits for nothing. A call that takes long, because its process does not answer, delays others by
    PATIENCE only.

    `call` returns the replies to the first of its requests, to one at least: the others are requested again, first.
    """

    def __init__(self, call: Callable[[list[Request]], Sequence[Reply]], at_once: int) -> None:
        self._call = call
        self._at_once = at_once
        self._waiting: deque[_Waiting[Request]] = deque()
        self._calling = False

    def request(self, request: Request, deadline: float = DEADLINE) -> Reply:
        """Return the reply of a call that began after this one. Raises DeadlineExceeded, or what the call raises."""
        waiting = _Waiting(request)
        self._waiting.append(waiting)
        self._start()
        try:
            return cast("Reply", waiting.reply.get(timeout=deadline))
        except gevent.Timeout:
            raise DeadlineExceeded("The call that is shared with other requests was not answered in time.") from None
        finally:
            waiting.given_up = True

    def _start(self) -> None:
        """Begin a call for those that wait, unless a call begins for them anyway."""
        if not self._calling:
            self._calling = True
            gevent.spawn(self._call_for_all)

    def _call_for_all(self) -> None:
        """Call until none waits."""
        try:
            while batch := self._next():
                gevent.spawn(batch[0].context.run, self._call_for, batch).join(PATIENCE)
        finally:
            self._calling = False

    def _next(self) -> list[_Waiting[Request]]:
        """Remove and return those that share the next call; those that have given up are dropped."""
        batch: list[_Waiting[Request]] = []
        while self._waiting and len(batch) < self._at_once:
            waiting = self._waiting.popleft()
            if not waiting.given_up:
                batch.append(waiting)
        return batch

    def _call_for(self, batch: list[_Waiting[Request]]) -> None:
        try:
            replies = self._call([waiting.request for waiting in batch])
        except Exception as error:  # noqa: BLE001 - those who wait raise it
            for waiting in batch:
                waiting.reply.set_exception(error)
            return
        for waiting, reply in zip(batch, replies, strict=False):
            waiting.reply.set(reply)
        if len(replies) < len(batch):
            self._waiting.extendleft(reversed(batch[len(replies) :]))
            self._start()
