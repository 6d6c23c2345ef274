"""Fixtures of sign-ins at identity providers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chassis.auth.caller import Caller
from tests.integration.conftest import Settings
from tests.integration.support.identity_providers import Provider, hostile_provider, packaged_provider, sign_in_at
from tests.integration.support.rpc import GATEWAY, Rpc
from users import contract
from users.identities import http, relying_party

PATIENCE = 30  # seconds; on a busy machine a provider may take longer than a user would wait


@pytest.fixture(scope="session")
def packaged() -> Iterator[Provider]:
    with packaged_provider() as provider:
        yield provider


@pytest.fixture(scope="session")
def hostile_process() -> Iterator[Provider]:
    with hostile_provider() as provider:
        yield provider


@pytest.fixture
def hostile(hostile_process: Provider) -> Provider:
    """Return the provider that can misbehave; it does not yet, and knows no users."""
    hostile_process.misbehave()
    hostile_process.forget_users()
    return hostile_process


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests to providers take long; tests of the limits set their own."""
    for module, name in ((http, "CONNECT"), (http, "READ"), (relying_party, "LIMIT")):
        monkeypatch.setattr(module, name, PATIENCE)


@dataclass
class SignIns:
    """Signs users in at a provider."""

    rpc: Rpc
    provider: Provider

    def begin(self, subject: str, caller: Caller = GATEWAY, **request: Any) -> dict[str, str]:
        """Begin, and sign in at the provider; return the request that finishes."""
        begun = self.rpc("users.begin_provider_sign_in", caller, **request)
        code, state = sign_in_at(begun["url"], subject)
        assert state == begun["state"]
        return {"state": state, "code": code}

    def finish(self, request: dict[str, str], caller: Caller = GATEWAY, **more: Any) -> dict[str, Any]:
        session: dict[str, Any] = self.rpc("users.finish_provider_sign_in", caller, **request, **more)
        return session

    def __call__(self, subject: str, **more: Any) -> dict[str, Any]:
        return self.finish(self.begin(subject), **more)

    def as_user(self, session: dict[str, Any]) -> Caller:
        """Return how the gateway calls on behalf of the user of a session."""
        identity = self.rpc("users.authenticate", token_hash=contract.token_hash(session["token"]))
        return Caller("gateway", identity["user_id"], identity["username"], identity["session_id"])


@pytest.fixture
def provider(hostile: Provider) -> Provider:
    """The provider of the service; a module may override it."""
    return hostile


@pytest.fixture
def settings(settings: Settings, provider: Provider) -> Settings:
    settings["users"]["identity_provider"] = provider.settings()
    return settings


@pytest.fixture
def sign_in(users: Rpc, provider: Provider) -> SignIns:
    return SignIns(users, provider)


def kinds(rpc: Rpc, caller: Caller) -> list[str]:
    """Return the kinds of the events of an account, newest first."""
    return [event["kind"] for event in rpc("users.account_events", caller)["items"]]
