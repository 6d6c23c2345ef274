"""RPC calls with the permissions of an operator, as `make shell` sends them."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from nameko.standalone.rpc import ClusterRpcProxy

from chassis import clock
from chassis.amqp import message_headers
from chassis.auth import tokens
from chassis.auth.caller import Caller
from chassis.auth.keyring import Keyring

TIMEOUT = 30  # seconds
OPERATOR = Caller("operator")


class Operator:
    """`operator("users.set_staff", username=..., is_staff=True)` calls an RPC method and returns its result."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._keyring = Keyring(environment["SERVICE_TOKEN_KEYS"])
        self._headers: dict[str, str] = {}
        config = {"AMQP_URI": environment["AMQP_URI"]}
        self._proxy = ClusterRpcProxy(config, context_data=self._headers, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        self._rpc = self._proxy.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._proxy.stop()

    def __call__(self, target: str, /, **arguments: Any) -> Any:
        service, _, method = target.partition(".")
        key = self._keyring.signing(OPERATOR.service)
        self._headers[message_headers.AUTH_TOKEN] = tokens.issue(OPERATOR, service, key)
        return getattr(self._rpc[service], method)(**arguments)

    def verify(self, username: str) -> None:
        """Let the addresses of an account count as verified."""
        self("users.trust_addresses", registered_before=clock.now().isoformat(), username=username)

    def verify_all(self) -> None:
        """Let the addresses of all accounts count as verified."""
        while self("users.trust_addresses", registered_before=clock.now().isoformat())["left"]:
            pass

    def make_staff(self, username: str) -> None:
        self("users.set_staff", username=username, is_staff=True)
