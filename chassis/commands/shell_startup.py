"""Start-up file of the shell: every call through `n.rpc` has a deadline and carries a fresh operator's token."""
# ruff: noqa: T201 - it speaks to whoever sits there

from typing import Any

from nameko.exceptions import RpcTimeout, UnknownService
from nameko.standalone.rpc import ClusterRpcProxy

from chassis.amqp import message_headers
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.rpc import help_text

DEADLINE = 30  # seconds; Nameko's own helper waits for ever


class OperatorRpc:
    """`n.rpc` with a token for the service that is called; tokens live too short to be made at the start."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._issuer = tokens.Issuer(keyring.from_config(config))
        self._headers: dict[str, str] = {}
        self._cluster = ClusterRpcProxy(config, context_data=self._headers, timeout=DEADLINE).start()

    def __getattr__(self, service: str) -> Any:
        self._headers[message_headers.AUTH_TOKEN] = self._issuer.token(Caller("operator"), service)
        return getattr(self._cluster, service)


def help_rpc(*services: str) -> None:
    """Print what the services, or those that are named, say of their methods."""
    known = [issuer for issuer in n.config["service_token_issuers"] if issuer != "operator"]
    for service in services or known:
        try:
            print(help_text.text(getattr(n.rpc, service).describe()))
        except (RpcTimeout, UnknownService):
            print(f"{service} is not there\n")


# Nameko runs this file with its helper `n` in scope.
n: Any = globals()["n"]
n.disconnect()
n.rpc = OperatorRpc(n.config)
print("Every call by n.rpc.<service>.<method>(...) is an operator's. help_rpc() lists all methods.")
