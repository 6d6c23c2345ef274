import asyncio
from collections.abc import Sequence

import pytest

from bench.load.http import Request, Response, Target, parse
from bench.load.loops import at_rate, closed_loop


@pytest.mark.parametrize(
    ("received", "parsed"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", (200, b"hi")),
        (b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n", (204, b"")),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", None),
    ],
)
def test_response_is_parsed_when_it_is_complete(received: bytes, parsed: tuple[int, bytes] | None) -> None:
    assert parse(received) == parsed


def test_request_has_token_body_and_address_of_the_client() -> None:
    encoded = Request("POST", "/create-post/", "t", {"a": 1}, "192.0.2.1").encode(Target("127.0.0.1", 80)).decode()
    head, _, body = encoded.partition("\r\n\r\n")
    assert head.splitlines()[0] == "POST /create-post/ HTTP/1.1"
    assert {"Authorization: Bearer t", "X-Forwarded-For: 192.0.2.1", "Content-Length: 8"} <= {*head.splitlines()}
    assert body == '{"a": 1}'


class SlowClient:
    """Answers nothing before it has `wanted` requests."""

    def __init__(self, wanted: int) -> None:
        self.largest = self._waiting = 0
        self._wanted = wanted
        self._complete = asyncio.Event()

    async def send(self, request: Request, intended: float | None = None) -> Response:
        self._waiting += 1
        self.largest = max(self.largest, self._waiting)
        if self._waiting == self._wanted:
            self._complete.set()
        await self._complete.wait()
        self._waiting -= 1
        return Response(intended or 0, 1, 200, request.path.encode())


def _requests(count: int) -> Sequence[Request]:
    return [Request("GET", str(number)) for number in range(count)]


def test_closed_loop_has_a_number_of_requests_concurrency_until_all_are_sent() -> None:
    async def run() -> tuple[list[Response], int]:
        client = SlowClient(3)
        return await closed_loop(client, _requests(10), 3), client.largest

    responses, largest = asyncio.run(run())
    assert sorted(int(response.body) for response in responses) == list(range(10))
    assert largest == 3


def test_open_loop_sends_more_requests_while_earlier_ones_wait() -> None:
    async def run() -> list[Response]:
        client = SlowClient(20)
        return await at_rate((client.send(one, 0) for one in _requests(20)), rate=10_000)

    assert len(asyncio.run(run())) == 20
