"""Only handshakes of websockets wait in their queue."""

import pytest

from gateway.request.handshake import PATH, is_handshake


@pytest.mark.parametrize(("path", "upgrade"), [(PATH, "websocket"), (PATH, "WebSocket"), (f"/{PATH}", "websocket")])
def test_upgrade_of_the_endpoint_is_a_handshake(path: str, upgrade: str) -> None:
    assert is_handshake({"PATH_INFO": path, "HTTP_UPGRADE": upgrade})


@pytest.mark.parametrize("environ", [{}, {"HTTP_UPGRADE": "h2c"}], ids=["no upgrade", "to HTTP/2"])
def test_other_request_of_the_endpoint_is_none(environ: dict[str, str]) -> None:
    assert not is_handshake({"PATH_INFO": PATH} | environ)


def test_upgrade_of_another_path_is_none() -> None:
    assert not is_handshake({"PATH_INFO": "/create-post/", "HTTP_UPGRADE": "websocket"})
