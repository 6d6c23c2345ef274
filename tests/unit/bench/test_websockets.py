import struct

import pytest

from bench.load.websockets import frames
from bench.load.wrk import parse


@pytest.mark.parametrize(
    ("head", "size"), [(b"\x81\x05", 5), (b"\x81\x7e\x01\x00", 256), (b"\x81\x7f" + struct.pack(">Q", 70_000), 70_000)]
)
def test_frame_of_each_length_is_read_and_removed(head: bytes, size: int) -> None:
    received = bytearray(head + b"x" * size + b"\x89\x00")
    assert [*frames(received)] == [(1, b"x" * size), (9, b"")]
    assert received == b""


def test_unfinished_frame_waits_for_the_rest() -> None:
    received = bytearray(b"\x81\x02hi\x81\x02o")
    assert [*frames(received)] == [(1, b"hi")]
    received += b"k"
    assert [*frames(received)] == [(1, b"ok")]


def test_result_of_wrk_is_in_seconds_and_milliseconds() -> None:
    result = parse(
        'Running 1s test\n\nRESULT {"requests": 10, "microseconds": 2000000, "p50": 1500, "p95": 2000, "p99": 3000, '
        '"statuses": 1, "failures": 2}'
    )
    assert result == (10, 2.0, (1.5, 2.0, 3.0), 3)
