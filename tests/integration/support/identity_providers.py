"""Identity providers in processes of their own: oidc-provider-mock, and one that misbehaves as a test wants."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

LIMIT = 30  # seconds until a provider answers
REDIRECT_URL = "https://app.example.org/signed-in"
_HOSTILE = Path(__file__).parent / "hostile_provider.py"


@dataclass(frozen=True)
class Provider:
    """A provider; `issuer` is its address."""

    issuer: str

    def settings(self, **changed: str) -> dict[str, str]:
        """Return the section `users.identity_provider` of config.yml."""
        defaults = {
            "issuer": self.issuer,
            "client_id": "baraza",
            "client_secret": "a secret of the client",
            "redirect_url": REDIRECT_URL,
            "scope": "openid email profile",
        }
        return defaults | changed

    def set_user(self, subject: str, **claims: Any) -> None:
        """Set what the provider says about a user."""
        requests.put(f"{self.issuer}/users/{subject}", json=claims, timeout=LIMIT).raise_for_status()

    def forget_users(self) -> None:
        """Let the hostile provider forget all users."""
        requests.put(f"{self.issuer}/users/", json={}, timeout=LIMIT).raise_for_status()

    def misbehave(self, **behaviour: Any) -> None:
        """Let the hostile provider do something wrong, see `hostile_provider.py`."""
        requests.put(f"{self.issuer}/behaviour", json=behaviour, timeout=LIMIT).raise_for_status()

    def calls(self) -> list[str]:
        """Return the paths of all requests to the hostile provider, except those of this class."""
        calls: list[str] = requests.get(f"{self.issuer}/calls", timeout=LIMIT).json()
        return calls


def sign_in_at(url: str, subject: str) -> tuple[str, str]:
    """Sign in on the provider's page, as a browser does; return the `code` and the `state` of the redirect."""
    with requests.Session() as browser:
        page = browser.get(url, timeout=LIMIT)
        page.raise_for_status()
        assert re.search(r"<form\b[^>]*\bmethod=\"post\"", page.text)
        response = browser.post(url, data={"sub": subject}, allow_redirects=False, timeout=LIMIT)
    location = response.headers["Location"]
    assert location.startswith(f"{REDIRECT_URL}?"), location
    query = parse_qs(urlsplit(location).query)
    return query["code"][0], query["state"][0]


@contextmanager
def packaged_provider() -> Iterator[Provider]:
    """Run oidc-provider-mock."""
    port = _free_port()
    with _running(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"], port
    ) as provider:
        yield provider


@contextmanager
def hostile_provider() -> Iterator[Provider]:
    """Run the provider that can misbehave."""
    port = _free_port()
    with _running([sys.executable, str(_HOSTILE), str(port)], port) as provider:
        yield provider


@contextmanager
def _running(command: list[str], port: int) -> Iterator[Provider]:
    provider = Provider(f"http://127.0.0.1:{port}")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - ours
    try:
        _wait_for(provider, process)
        yield provider
    finally:
        process.kill()
        process.wait(LIMIT)


def _wait_for(provider: Provider, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + LIMIT
    while True:
        try:
            found = requests.get(f"{provider.issuer}/.well-known/openid-configuration", timeout=LIMIT)
            assert found.json()["issuer"] == provider.issuer
        except requests.ConnectionError:
            assert process.poll() is None, "the provider ended"
            assert time.monotonic() < deadline, "the provider does not answer"
            time.sleep(0.05)
        else:
            return


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
