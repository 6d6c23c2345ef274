"""The HTTP side: JSON for tests, two plain pages for people."""

from html import escape

from docker.dev.mailbox.store import Store
from docker.dev.twins.http import Reply, Request, Route, as_json

_PAGE = '<!doctype html><meta charset="utf-8"><title>{title}</title><h1>{title}</h1>{body}'
_ROW = '<tr><td>{received}<td>{to}<td><a href="/show/{id}">{subject}</a>'


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
        rows = [
            _ROW.format(
                id=message["id"],
                received=message["received"],
                to=escape(", ".join(message["to"])),
                subject=escape(message["subject"] or "(no subject)"),
            )
            for message in reversed(list(self._store.all()))
        ]
        return _html("Mailbox", f"<table>{''.join(rows)}</table>" if rows else "<p>No message yet.")

    def _show(self, request: Request) -> Reply:
        message = self._store.one(request.name)
        if not message:
            return _html("No such message", "", 404)
        headers = "\n".join(f"{key}: {value}" for key, value in message["headers"])
        # Sandboxed: a message's HTML must not run scripts here any more than in a mail client.
        framed = f'<iframe sandbox width="100%" height="400" srcdoc="{escape(message["html"] or "")}"></iframe>'
        body = f"<pre>{escape(headers)}</pre><pre>{escape(message['text'] or '')}</pre>{framed}"
        return _html(escape(message["subject"]), body)


def _html(title: str, body: str, status: int = 200) -> Reply:
    return Reply(_PAGE.format(title=title, body=body).encode(), status, "text/html; charset=utf-8")
