"""Start-up file of `make shell`: every call through `n.rpc` has a deadline and carries a fresh operator's token."""

from typing import Any

from nameko.standalone.rpc import ClusterRpcProxy

from chassis import context, keyring, tokens

DEADLINE = 30  # seconds; Nameko's own helper waits for ever


class OperatorRpc:
    """`n.rpc` with a token for the service that is called; tokens live too short to be made at the start."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._issuer = tokens.Issuer(keyring.of(config))
        self._headers: dict[str, str] = {}
        self._cluster = ClusterRpcProxy(config, context_data=self._headers, timeout=DEADLINE).start()

    def __getattr__(self, service: str) -> Any:
        self._headers[context.AUTH_TOKEN] = self._issuer.token(tokens.Caller("operator"), service)
        return getattr(self._cluster, service)


# Nameko runs this file with its helper `n` in scope.
n: Any = globals()["n"]
n.disconnect()
n.rpc = OperatorRpc(n.config)
