"""Reports of what nobody foresaw, for Sentry: where and whose by ids, never a word that somebody wrote.

Refusals (ServiceError) are answers and are not reported. Without a DSN nothing is, and the SDK is not even imported;
with it reports wait in a bounded queue for a thread of their own, so a Sentry that is slow or gone changes nothing.
"""

import re
import sys
from typing import Any

from chassis.errors import ServiceError
from chassis.observability import correlation

FAREWELL = 2  # seconds at the end of a process for what still waits

# What an error says about values: in quotes, after an equals sign, as an address or a number.
_WORDS = re.compile(r"'[^']*'|\"[^\"]*\"|=\([^)]*\)|[^\s()=]+@[^\s()]+|\+?\d[\d ]{4,}\d")


def start(settings: dict[str, Any], component: str) -> None:
    """Report to `sentry.dsn` from now on, if there is one; `component` says which process this is."""
    sentry = settings["sentry"]
    if not sentry["dsn"]:
        return
    import sentry_sdk  # noqa: PLC0415 - it looks for eventlet, which has no place in the gateway's web processes
    from sentry_sdk.integrations.atexit import AtexitIntegration  # noqa: PLC0415 - as above

    sentry_sdk.init(
        dsn=sentry["dsn"],
        environment=sentry["environment"],
        release=sentry["release"] or None,
        before_send=scrub,
        shutdown_timeout=FAREWELL,
        integrations=[AtexitIntegration(callback=lambda _pending, _timeout: None)],
        default_integrations=False,  # they collect requests, arguments and log lines
        auto_enabling_integrations=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        max_request_body_size="never",
        auto_session_tracking=False,
        enable_metrics=False,
    )
    sentry_sdk.get_global_scope().set_tag("component", component)  # of all greenlets


def report(error: BaseException, user: str | None = None, **tags: str) -> None:
    """Report an error with the request's id and other tags, and whose request it was by id."""
    sdk: Any = sys.modules.get("sentry_sdk")
    if sdk is None or isinstance(error, ServiceError):
        return
    with sdk.new_scope() as scope:
        scope.set_tags({"request_id": correlation.request_id.get(), **tags})
        if user:
            scope.set_user({"id": user})
        scope.capture_exception(error)


def scrub(event: Any, _hint: Any = None) -> Any:
    """Take the values out of what errors say: names, addresses and texts of people are among them."""
    for exception in event.get("exception", {}).get("values", ()):
        exception["value"] = _WORDS.sub("…", exception.get("value") or "")
    return event
