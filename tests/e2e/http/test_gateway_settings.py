"""Gateways with other settings: a shared rate limit, forged client addresses, TLS, shutdown, the metrics token."""

import asyncio
import json
import signal
import ssl
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest
import redis
import requests
import trustme
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection

from dev.platform.instance import Instance
from tests.e2e.support.client import Client, NewClient
from tests.e2e.support.extra_gateway import extra_gateway, log_of
from tests.e2e.support.frames import close_code, receive

TIMEOUT = 15  # seconds


def test_two_gateways_share_one_rate_limit(platform: Instance, new_client: NewClient) -> None:
    headers = new_client().headers
    gateways = [extra_gateway(platform, THROTTLE_ANON="10/hour") for _ in range(2)]
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        urls = list(pool.map(stack.enter_context, gateways))
        statuses = [
            requests.get(f"{urls[number % 2]}/all-posts/", headers=headers, timeout=TIMEOUT).status_code
            for number in range(12)
        ]
    assert statuses == [200] * 10 + [429] * 2


def forget_sessions(platform: Instance) -> None:
    """Delete the copies of sessions in Redis, so that the next request with each token is checked by users."""
    with redis.Redis.from_url(platform.environment["REDIS_URL"]) as client:
        for key in client.scan_iter("session:*"):
            client.delete(key)


def test_wrong_tokens_of_an_address_are_limited_and_its_users_are_not(platform: Instance, new_user: NewClient) -> None:
    users = [new_user() for _ in range(4)]
    address = {"X-Forwarded-For": users[0].ip_address}
    tokens = [f"{user.token}" for user in users]

    def get(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}", **address}
        return requests.get(f"{url}/users/all/", headers=headers, timeout=TIMEOUT).status_code

    with extra_gateway(platform, THROTTLE_USER="10/hour") as url:
        for _ in range(4):
            forget_sessions(platform)
            assert [get(token) for token in tokens] == [200] * 4
        assert Counter(get(token_urlsafe(32)) for _ in range(14)) == {401: 10, 429: 4}
        forget_sessions(platform)
        assert [get(token) for token in tokens] == [200] * 4
    with extra_gateway(platform, THROTTLE_USER="10/hour") as url:  # which has checked none of the tokens
        forget_sessions(platform)
        assert [get(token) for token in tokens] == [200] * 4


def test_client_that_repeats_a_wrong_token_does_not_affect_users_at_its_address(
    platform: Instance, new_user: NewClient
) -> None:
    user, wrong = new_user(), token_urlsafe(32)

    def get(token: object) -> int:
        headers = user.headers | {"Authorization": f"Bearer {token}"}
        return requests.get(f"{url}/users/all/", headers=headers, timeout=TIMEOUT).status_code

    forget_sessions(platform)
    with extra_gateway(platform, THROTTLE_USER="10/hour") as url:
        assert [get(wrong) for _ in range(14)] == [401] * 14
        assert get(user.token) == 200


def test_users_behind_one_address_may_all_come_back_at_once(platform: Instance, new_user: NewClient) -> None:
    users = [new_user() for _ in range(24)]
    address = {"X-Forwarded-For": users[0].ip_address}

    def get(user: Client) -> int:
        return requests.get(f"{url}/users/all/", headers=user.headers | address, timeout=TIMEOUT).status_code

    forget_sessions(platform)
    with extra_gateway(platform, THROTTLE_USER="10/hour") as url, ThreadPoolExecutor(len(users)) as pool:
        assert list(pool.map(get, users)) == [200] * len(users)


def test_burst_of_requests_is_served_and_counted(platform: Instance, new_user: NewClient) -> None:
    user, burst = new_user(), 600
    forget_sessions(platform)
    with extra_gateway(platform) as url, requests.Session() as session, ThreadPoolExecutor(burst) as pool:
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=burst))

        def get(number: int) -> requests.Response:
            path = "/all-posts/" if number % 2 else "/users/all/"
            return session.get(f"{url}{path}", headers=user.headers, timeout=TIMEOUT)

        responses = list(pool.map(get, range(burst)))
    assert Counter(response.status_code for response in responses) == {200: burst}
    left = sorted(int(response.headers["X-RateLimit-Remaining"]) for response in responses)
    assert left == list(range(left[0], left[0] + burst))


def test_empty_number_of_processes_counts_as_not_set(platform: Instance) -> None:
    with extra_gateway(platform, WEB_CONCURRENCY="") as url:
        assert requests.get(f"{url}/readyz", timeout=TIMEOUT).status_code == 200


def test_without_trusted_proxies_forwarded_addresses_are_ignored(platform: Instance) -> None:
    addresses = ["::1", "unknown", "10.0.0.1, 10.0.0.2", "'; drop", "é", "a" * 5000, "127.0.0.1:80", ",,,"]
    addresses += [f"198.51.100.{number}" for number in range(22)]
    with redis.Redis.from_url(platform.environment["REDIS_URL"]) as client:
        client.delete("rate:anon:127.0.0.1")  # requests of this machine without a proxy
    with extra_gateway(platform, TRUSTED_PROXIES="0", THROTTLE_ANON="5/hour") as url:
        statuses = []
        for address in addresses:
            headers = {"X-Forwarded-For": address.encode().decode("latin-1")}
            statuses.append(requests.get(f"{url}/all-posts/", headers=headers, timeout=TIMEOUT).status_code)
    assert statuses == [200] * 5 + [429] * 25


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a directory with a certificate (cert.pem), its key (key.pem) and its authority (ca.pem)."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    for blob in issued.cert_chain_pems:
        blob.write_to_path(tmp_path / "cert.pem", append=True)
    return tmp_path


async def first_frame(url: str, user: Client, context: ssl.SSLContext) -> dict[str, Any]:
    """Return the first frame of a websocket. In one thread: before Python 3.13 two may not share a TLS connection."""
    async with connect(f"{url}/ws/notifications/", additional_headers=user.headers, ssl=context) as websocket:
        async with asyncio.timeout(TIMEOUT):
            frame: dict[str, Any] = json.loads(await websocket.recv())
            return frame


def test_gateway_with_a_certificate_serves_https_wss_and_hsts(
    platform: Instance, new_user: NewClient, certificate: Path
) -> None:
    ca, cert, key = (certificate / name for name in ("ca.pem", "cert.pem", "key.pem"))
    user = new_user()
    with extra_gateway(platform, ca, TLS_CERT=str(cert), TLS_KEY=str(key)) as url:
        response = requests.get(f"{url}/users/all/", headers=user.headers, verify=str(ca), timeout=TIMEOUT)
        assert response.status_code == 200
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
        context = ssl.create_default_context(cafile=str(ca))
        frame = asyncio.run(first_frame(url.replace("https", "wss"), user, context))
        assert frame["type"] == "ready"


def test_stopping_gateway_does_not_wait_for_idle_clients(platform: Instance) -> None:
    with requests.Session() as idle:
        with extra_gateway(platform, stop=signal.SIGTERM) as url:
            assert idle.get(f"{url}/livez", timeout=TIMEOUT).ok
        check_stopped_in_order(platform, url)


def test_stopping_gateway_does_not_wait_for_clients_that_reconnect_at_once(
    platform: Instance, new_user: NewClient
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with extra_gateway(platform, stop=signal.SIGTERM) as url:
            reader = new_user().use_gateway(url)
            websocket = reader.connect()
            assert receive(websocket)["type"] == "ready"
            codes = pool.submit(codes_until_refused, reader, websocket)
        check_stopped_in_order(platform, url)
    assert len(codes.result()) > 1
    assert {*codes.result()} == {1001}


def check_stopped_in_order(platform: Instance, url: str) -> None:
    """Check that the web process ended by itself, and before gunicorn's graceful timeout, which it logs."""
    log = log_of(platform, url)
    assert "Worker exiting" in log
    assert "graceful timeout" not in log


def codes_until_refused(client: Client, websocket: ClientConnection) -> list[int]:
    """Reconnect whenever the connection is closed, until connections are refused or reset; return the close codes."""
    codes = []
    with suppress(OSError, WebSocketException):
        while True:
            codes.append(close_code(websocket))
            websocket = client.connect()
    return codes


def test_metrics_require_their_token_and_are_404_otherwise(platform: Instance) -> None:
    with extra_gateway(platform, METRICS_TOKEN="let me measure") as url:
        for token, status in (("let me measure", 200), ("let me in", 404), ("é", 404)):
            headers = {"Authorization": f"Bearer {token}".encode()}
            assert requests.get(f"{url}/metrics", headers=headers, timeout=TIMEOUT).status_code == status
        assert requests.get(f"{url}/metrics", timeout=TIMEOUT).status_code == 404
