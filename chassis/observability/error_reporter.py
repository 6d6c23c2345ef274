"""Reports unhandled errors of a service's workers."""

from typing import Any

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from chassis.auth.caller import CALLER
from chassis.observability import error_reports


class ErrorReporter(DependencyProvider):
    """Reports what RPC methods, event handlers and timers raise; provides nothing to the service."""

    def worker_result(self, worker_ctx: WorkerContext, result: Any = None, exc_info: Any = None) -> None:  # noqa: ARG002 - Nameko's signature
        """Report an error; Nameko calls this after the reply was sent."""
        if exc_info is not None:
            caller = worker_ctx.data.get(CALLER)
            method = worker_ctx.entrypoint.method_name
            error_reports.report(exc_info[1], caller and caller.user, service=worker_ctx.service_name, method=method)
