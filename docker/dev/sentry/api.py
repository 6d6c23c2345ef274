"""The routes: Sentry's one, those for tests, and a page for people."""

import time
from collections import deque
from html import escape
from http import HTTPStatus
from typing import Any

from docker.dev.sentry.envelopes import events
from docker.dev.twins.faults import Faults
from docker.dev.twins.http import Reply, Request, Route, as_json

KEPT = 1000  # events

_PAGE = """<!doctype html><meta charset="utf-8"><title>Errors</title>
<style>body {{font: 15px/1.5 sans-serif; margin: 2em}} td {{padding: .2em 1em .2em 0; vertical-align: top}}</style>
<h1>Errors</h1>{body}"""
_ROW = "<tr><td>{time}<td>{component}<td>{method}<td><b>{kind}</b> {value}<td>{place}<td>{request}"


class Api:
    """Keeps the newest events in memory."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def routes(self) -> tuple[Route, ...]:
        """Return the table."""
        return (
            Route("POST", r"/api/\d+/envelope/", self._take),
            Route("GET", "/messages", lambda _request: as_json(list(self._events))),
            Route("DELETE", "/messages", self._clear),
            Route("GET", "/", self._page),
        )

    def _take(self, request: Request) -> Reply:
        if silence := self._faults.take("hang"):
            time.sleep(float(silence))
        if status := self._faults.take("status"):
            return as_json({}, int(status))
        if "sentry_key=" not in (request.headers["X-Sentry-Auth"] or ""):
            return as_json({"detail": "missing authorization information"}, HTTPStatus.FORBIDDEN)
        try:
            found = list(events(request.body, request.headers["Content-Encoding"]))
        except (ValueError, KeyError, OSError):
            return as_json({"detail": "invalid envelope"}, HTTPStatus.BAD_REQUEST)
        self._events.extend(found)
        return as_json({"id": found[0]["event_id"]} if found else {})

    def _clear(self, _request: Request) -> Reply:
        self._events.clear()
        return Reply(status=HTTPStatus.NO_CONTENT)

    def _page(self, _request: Request) -> Reply:
        rows = "".join(_row(event) for event in reversed(self._events))
        body = f"<table>{rows}</table>" if rows else "<p>No error yet."
        return Reply(_PAGE.format(body=body).encode(), content_type="text/html; charset=utf-8")


def _row(event: dict[str, Any]) -> str:
    error = event["exception"]["values"][-1]
    frame = error.get("stacktrace", {}).get("frames", [{}])[-1]
    tags = event.get("tags", {})
    words = {
        "time": event["timestamp"],
        "component": tags.get("component", ""),
        "method": ".".join(tags[name] for name in ("service", "method") if name in tags),
        "kind": error["type"],
        "value": error["value"],
        "place": f"{frame.get('filename', '')}:{frame.get('lineno', '')}",
        "request": tags.get("request_id", ""),
    }
    return _ROW.format(**{name: escape(str(word)) for name, word in words.items()})
