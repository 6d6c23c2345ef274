"""The HTTP side: JSON for tests, two pages for people."""

from docker.dev.mailbox import pages
from docker.dev.mailbox.store import Store
from docker.dev.twins.http import Reply, Request, Route, as_json


class View:
    """Routes over a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        """Return the table."""
        return (
            Route("GET", "/messages", self._list),
            Route("GET", r"/messages/([\d-]+)", self._one),
            Route("DELETE", "/messages", self._clear),
            Route("GET", "/", self._index),
            Route("GET", r"/show/([\d-]+)", self._show),
        )

    def _list(self, request: Request) -> Reply:
        return as_json(list(self._store.all(request.query.get("to"))))

    def _one(self, request: Request) -> Reply:
        message = self._store.one(request.name)
        return as_json(message) if message else as_json({"error": "no such message"}, 404)

    def _clear(self, _request: Request) -> Reply:
        self._store.clear()
        return Reply(status=204)

    def _index(self, _request: Request) -> Reply:
        return _html(pages.listing(reversed(list(self._store.all()))))

    def _show(self, request: Request) -> Reply:
        message = self._store.one(request.name)
        if not message:
            return _html(pages.page("No such message", "<h1>No such message</h1>"), 404)
        return _html(pages.message(message))


def _html(page: str, status: int = 200) -> Reply:
    return Reply(page.encode(), status, "text/html; charset=utf-8")
