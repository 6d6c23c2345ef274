"""Files that are read while they are sent."""

import errno
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import OperationalError

from chassis.contract import Empty
from chassis.errors import ServiceError
from gateway.http import downloads
from gateway.routing.route import Download


@pytest.mark.parametrize("error", [ServiceError("deleted"), OperationalError("SELECT", {}, OSError("down"))])
def test_file_that_cannot_be_read_to_its_end_breaks_the_connection(error: Exception) -> None:
    def parts(*_: object) -> Iterator[bytes]:
        yield b"first"
        raise error

    body = downloads.response(Download(lambda _: "name", parts), None, Empty()).response
    received: list[bytes] = []
    with pytest.raises(BrokenPipeError) as raised:
        received.extend(part for part in body if isinstance(part, bytes))
    assert raised.value.errno == errno.EPIPE  # gunicorn closes the connection, and logs no traceback
