"""gunicorn 27 with its default settings."""

import socket

from gunicorn import util
from gunicorn.config import Config
from gunicorn.workers import SUPPORTED_WORKERS


def test_gevent_worker_exists_and_eventlet_worker_does_not() -> None:
    assert "gevent" in SUPPORTED_WORKERS
    assert "eventlet" not in SUPPORTED_WORKERS


def test_default_is_a_control_socket_and_1000_connections_per_process() -> None:
    settings = Config()
    assert not settings.control_socket_disable
    assert settings.control_socket
    assert settings.worker_connections == 1000


def test_malformed_request_gets_an_html_response() -> None:
    near, far = socket.socketpair()
    with near, far:
        util.write_error(near, 400, "Bad Request", "no HTTP")
        assert b"text/html" in far.recv(4096)
