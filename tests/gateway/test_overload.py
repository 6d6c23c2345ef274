"""The gateway's calls to a service that is slower than its callers."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gevent
from gevent.lock import Semaphore

from chassis.contract import Message
from chassis.errors import ServiceError
from gateway.rpc.client import RpcClient
from tests.gateway.support.responder import Responder

WORK = 0.02  # seconds of a call, one after the other
DEADLINE = 0.4  # seconds: so 20 calls at a time would be answered in time, and the client's limit is 50
CALLERS = 100
ANSWERS = 100  # in 2 seconds, if the service works for no caller that has given up
PATIENCE = 20  # seconds


class Word(Message):
    word: str


def test_slow_service_works_for_callers_that_still_wait(rpc: RpcClient, service: Callable[..., Responder]) -> None:
    working = Semaphore()
    answered: list[Word] = []

    def answer(arguments: dict[str, Any]) -> Any:
        with working:
            gevent.sleep(WORK)
        return arguments

    slow = service(answer)

    def call() -> None:
        while len(answered) < ANSWERS:
            with suppress(ServiceError):
                answered.append(rpc.call_as_gateway(f"{slow.name}.echo", Word(word="x"), Word, DEADLINE))

    callers = [gevent.spawn(call) for _ in range(CALLERS)]
    gevent.joinall(callers, timeout=PATIENCE, raise_error=True)
    gevent.killall(callers)
    assert len(answered) >= ANSWERS
