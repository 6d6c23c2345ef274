"""Reports unhandled errors to Sentry: stack traces and ids, never texts, names or addresses of users.

A ServiceError is a normal reply and is not reported. Without a DSN nothing is reported and the SDK is not imported. The
SDK sends from a thread with a bounded queue, so a slow or unavailable Sentry does not slow down requests.
"""

import re
import sys
from typing import Any

from chassis.errors import ServiceError
from chassis.observability import correlation

FLUSH_TIMEOUT = 2  # seconds at the end of a process to send the remaining reports

# Values in an error's text: in quotes, after an equals sign, e-mail addresses, numbers of six digits and more.
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|=\([^)]*\)|[^\s()=]+@[^\s()]+|\+?\d[\d ]{4,}\d")


def start(settings: dict[str, Any], component: str) -> None:
    """Start reporting, if `sentry.dsn` is set; `component` names the process, such as `orders.service`."""
    sentry = settings["sentry"]
    if not sentry["dsn"]:
        return
    import sentry_sdk  # noqa: PLC0415 - it imports eventlet, which processes under gevent must not
    from sentry_sdk.integrations.atexit import AtexitIntegration  # noqa: PLC0415 - as above

    sentry_sdk.init(
        dsn=sentry["dsn"],
        environment=sentry["environment"],
        release=sentry["release"] or None,
        before_send=scrub,
        shutdown_timeout=FLUSH_TIMEOUT,
        integrations=[AtexitIntegration(callback=lambda _pending, _timeout: None)],
        default_integrations=False,  # they send requests, arguments and log lines
        auto_enabling_integrations=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        max_request_body_size="never",
        auto_session_tracking=False,
        enable_metrics=False,
    )
    sentry_sdk.get_global_scope().set_tag("component", component)  # for all greenlets


def report(error: BaseException, user: str | None = None, **tags: str) -> None:
    """Report an error with the request id, the user's id and other tags."""
    sdk: Any = sys.modules.get("sentry_sdk")
    if sdk is None or isinstance(error, ServiceError):
        return
    with sdk.new_scope() as scope:
        scope.set_tags({"request_id": correlation.request_id.get(), **tags})
        if user:
            scope.set_user({"id": user})
        scope.capture_exception(error)


def scrub(event: Any, _hint: Any = None) -> Any:
    """Remove values from the texts of errors: they can be personal data."""
    for exception in event.get("exception", {}).get("values", ()):
        exception["value"] = _VALUES.sub("…", exception.get("value") or "")
    return event
