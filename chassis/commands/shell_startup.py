"""Start-up file of the operator's shell: calls through `n.rpc` get a deadline and an operator's token."""
# ruff: noqa: T201 - a shell prints

from typing import Any

from nameko.exceptions import RpcTimeout, UnknownService
from nameko.standalone.rpc import ClusterRpcProxy

from chassis.amqp import message_headers
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.rpc import help_text

DEADLINE = 30  # seconds; Nameko's own helper waits forever
OPERATOR = Caller("operator")


class OperatorRpc:
    """`n.rpc` with a token for each call: tokens expire too soon to issue them at the start."""

    def __init__(self, config: dict[str, Any]) -> None:
        ring = keyring.from_config(config)
        ring.signing(OPERATOR.service)  # raises ValueError if the keys are those of a service
        self._issuer = tokens.Issuer(ring)
        self._headers: dict[str, str] = {}
        self._cluster = ClusterRpcProxy(config, context_data=self._headers, timeout=DEADLINE).start()

    def __getattr__(self, service: str) -> Any:
        self._headers[message_headers.AUTH_TOKEN] = self._issuer.token(OPERATOR, service)
        return getattr(self._cluster, service)


def help_rpc(*services: str) -> None:
    """Print the methods of all services, or of those that are named."""
    known = [issuer for issuer in n.config["service_token_issuers"] if issuer != "operator"]
    for service in services or known:
        try:
            print(help_text.text(getattr(n.rpc, service).describe()))
        except (RpcTimeout, UnknownService):
            print(f"{service} is not running\n")


# Nameko runs this file with its helper `n` in scope.
n: Any = globals()["n"]
n.disconnect()
n.rpc = OperatorRpc(n.config)
print("n.rpc.<service>.<method>(...) calls as an operator. help_rpc() lists all methods.")
