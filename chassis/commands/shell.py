"""The operator's shell: `python -m chassis.commands.shell`. It needs AMQP_URI and the operator's SERVICE_TOKEN_KEYS.

`n.rpc.<service>.<method>(...)` calls as an operator, `help_rpc()` lists all methods. It is Nameko's shell with a token
and a deadline for each call. It rejects arguments that a method does not have, prints errors in a line, and has no
banner with the password of AMQP_URI.
"""

import logging
import sys
import traceback
from functools import partial
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any

import yaml
from nameko.cli.main import setup_yaml_parser
from nameko.cli.shell import ShellRunner
from nameko.exceptions import MethodNotFound, RemoteError, RpcTimeout, UnknownService
from nameko.standalone.rpc import ClusterRpcProxy

from chassis import config
from chassis.amqp import message_headers
from chassis.auth import keyring, tokens
from chassis.auth.caller import Caller
from chassis.errors import ServiceError
from chassis.rpc import help_text
from chassis.rpc.checked_calls import CheckedService

DEADLINE = 30  # seconds; Nameko's own shell waits forever
OPERATOR = Caller("operator")
ERRORS_OF_CALLS = (ServiceError, MethodNotFound, RemoteError, RpcTimeout, UnknownService)
BANNER = "n.rpc.<service>.<method>(...) calls as an operator. help_rpc() lists all methods."


class OperatorRpc:
    """`n.rpc` with a token for each call: tokens expire too soon to issue them at the start."""

    def __init__(self, settings: dict[str, Any]) -> None:
        ring = keyring.from_config(settings)
        ring.signing(OPERATOR.service)  # raises ValueError if the keys are those of a service
        self._issuer = tokens.Issuer(ring)
        self._headers: dict[str, str] = {}
        self._cluster = ClusterRpcProxy(settings, context_data=self._headers, timeout=DEADLINE).start()

    def __getattr__(self, service: str) -> Any:
        self._headers[message_headers.AUTH_TOKEN] = self._issuer.token(OPERATOR, service)
        return CheckedService(getattr(self._cluster, service))


def help_rpc(rpc: OperatorRpc, known: list[str], *services: str) -> None:
    """Print the methods of all known services, or of those that are named."""
    for service in services or known:
        try:
            print(help_text.text(getattr(rpc, service).describe()))  # noqa: T201 - a shell prints
        except (RpcTimeout, UnknownService):
            print(f"{service} is not running\n")  # noqa: T201 - as above


def print_error(kind: type[BaseException], error: BaseException, stack: TracebackType | None) -> None:
    """Print the error of a call in one line: its traceback is that of Nameko's client."""
    if isinstance(error, ERRORS_OF_CALLS):
        print(*traceback.format_exception_only(error), sep="", end="", file=sys.stderr)  # noqa: T201 - as above
    else:
        sys.__excepthook__(kind, error, stack)


def main() -> None:
    """Run the shell until its end."""
    sys.excepthook = print_error
    logging.getLogger("amqp").setLevel(logging.ERROR)  # it warns of the channel of a call to an unknown service
    setup_yaml_parser()
    # Not by `config.load`, which requires variables that a shell does not need.
    settings = yaml.safe_load(Path(config.FILE).read_text(encoding="utf-8"))
    rpc = OperatorRpc(settings)
    services = [issuer for issuer in settings["service_token_issuers"] if issuer != OPERATOR.service]
    names = {"n": SimpleNamespace(rpc=rpc), "help_rpc": partial(help_rpc, rpc, services)}
    try:
        ShellRunner(BANNER, names).start_shell(None)
    except ERRORS_OF_CALLS:  # of a call in a pipe; it is printed already
        sys.exit(1)


if __name__ == "__main__":
    main()
