"""gunicorn 27, as it is without our settings."""

import socket

from gunicorn import util
from gunicorn.config import Config
from gunicorn.workers import SUPPORTED_WORKERS


def test_there_is_a_gevent_worker_and_none_for_eventlet() -> None:
    assert "gevent" in SUPPORTED_WORKERS
    assert "eventlet" not in SUPPORTED_WORKERS


def test_it_opens_a_control_socket_and_takes_1000_connections_a_process() -> None:
    settings = Config()
    assert not settings.control_socket_disable
    assert settings.control_socket
    assert settings.worker_connections == 1000


def test_it_refuses_what_is_no_http_in_html() -> None:
    near, far = socket.socketpair()
    with near, far:
        util.write_error(near, 400, "Bad Request", "no HTTP")
        assert b"text/html" in far.recv(4096)
