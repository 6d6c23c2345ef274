"""An RPC client for tests; its calls have a token, a request id and, if given, an idempotency key."""

import uuid
from typing import Any

import eventlet
from nameko.standalone.rpc import ClusterRpcProxy

from chassis.amqp import message_headers
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.observability import correlation

GATEWAY = Caller("gateway")
OPERATOR = Caller("operator")
TIMEOUT = 30  # seconds


class Rpc:
    """Calls a service: `rpc("users.detail", caller, id=...)`. Returns JSON types, raises the errors of chassis.errors.

    Greenlets may call concurrently: each call uses a proxy of Nameko's of its own.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._ring = keyring.from_config(settings)
        self._all: list[ClusterRpcProxy] = []
        self._idle: list[tuple[Any, dict[str, Any]]] = []
        self._calling: set[Any] = set()  # greenlets

    def __call__(
        self, target: str, caller: Caller | None = GATEWAY, /, request_key: str | None = None, **arguments: Any
    ) -> Any:
        """Call `service.method`; without a token if the caller is None."""
        service, _, method = target.partition(".")
        proxy, context_data = self._idle.pop() if self._idle else self._open()
        token = caller and tokens.issue(caller, service, self._ring.signing(caller.service))
        headers = {
            message_headers.AUTH_TOKEN: token,
            message_headers.REQUEST_KEY: request_key,
            correlation.REQUEST_ID: str(uuid.uuid4()),
            correlation.TRACEPARENT: correlation.traceparent.get(),
        }
        context_data.clear()
        context_data.update({name: value for name, value in headers.items() if value is not None})
        self._calling.add(greenlet := eventlet.getcurrent())
        try:
            return getattr(proxy[service], method)(**arguments)
        finally:
            self._calling.discard(greenlet)
            self._idle.append((proxy, context_data))

    def close(self) -> None:
        """Close all connections. Calls of a failed test end first: they would disturb those of the next one."""
        for greenlet in self._calling.copy():
            eventlet.kill(greenlet)
        for proxy in self._all:
            proxy.stop()

    def _open(self) -> tuple[Any, dict[str, Any]]:
        context_data: dict[str, Any] = {}
        self._all.append(ClusterRpcProxy(self._settings, context_data=context_data, timeout=TIMEOUT))
        return self._all[-1].start(), context_data
