"""Gateways with other settings: a shared rate limit, forged client addresses, TLS, shutdown, the metrics token."""

import signal
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
import requests
import trustme
from websockets.sync.client import connect

from dev.platform.instance import Instance
from tests.e2e.support.client import NewClient
from tests.e2e.support.extra_gateway import extra_gateway
from tests.e2e.support.frames import receive

TIMEOUT = 15  # seconds
GRACE = 10  # seconds; gunicorn's default for idle connections is 15


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
        address = f"{url.replace('https', 'wss')}/ws/notifications/"
        with connect(address, additional_headers=user.headers, ssl=context) as websocket:
            assert receive(websocket)["type"] == "ready"


def test_stopping_gateway_does_not_wait_for_idle_clients(platform: Instance) -> None:
    with requests.Session() as idle:
        with extra_gateway(platform, stop=signal.SIGTERM) as url:
            assert idle.get(f"{url}/livez", timeout=TIMEOUT).ok
            stopped = time.monotonic()
        assert time.monotonic() - stopped < GRACE


def test_metrics_require_their_token_and_are_404_otherwise(platform: Instance) -> None:
    with extra_gateway(platform, METRICS_TOKEN="let me measure") as url:
        for token, status in (("let me measure", 200), ("let me in", 404), ("é", 404)):
            headers = {"Authorization": f"Bearer {token}".encode()}
            assert requests.get(f"{url}/metrics", headers=headers, timeout=TIMEOUT).status_code == status
        assert requests.get(f"{url}/metrics", timeout=TIMEOUT).status_code == 404
