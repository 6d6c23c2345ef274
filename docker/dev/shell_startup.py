"""Start-up file of `make shell`: every call through `n.rpc` carries a fresh operator's token."""

from typing import Any

from chassis import context, tokens


class OperatorRpc:
    """`n.rpc` with a token for the service that is called; tokens live too short to be made at the start."""

    def __init__(self, cluster: Any, keys: str) -> None:
        self._cluster = cluster
        self._issuer = tokens.Issuer(tokens.parse_keys(keys))

    def __getattr__(self, service: str) -> Any:
        token = self._issuer.token(tokens.Caller("operator"), service)
        self._cluster._worker_ctx.data[context.AUTH_TOKEN] = token  # noqa: SLF001  Nameko offers no other way in
        return getattr(self._cluster, service)


# Nameko runs this file with its helper `n` in scope.
n: Any = globals()["n"]
n.rpc = OperatorRpc(n.rpc, n.config["service_token_keys"])
