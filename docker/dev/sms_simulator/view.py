"""A page for people: what was sent, and what became of it."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from docker.dev.twins.http import Reply

_PAGE = '<!doctype html><meta charset="utf-8"><title>SMS</title><h1>SMS</h1>{body}'
_HEAD = "<tr><th>received<th>number<th>sender<th>text<th>status<th>report"
_BUTTON = '<form method="post" action="/opt-out"><button name="phoneNumber" value="{number}">opt out</button></form>'


def page(entries: Sequence[Mapping[str, Any]]) -> Reply:
    """Show messages, newest first, each with a button that lets its owner opt out."""
    body = f"<table>{_HEAD}{''.join(_rows(entries))}</table>" if entries else "<p>No message yet."
    return Reply(_PAGE.format(body=body).encode(), content_type="text/html; charset=utf-8")


def _rows(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for entry in reversed(entries):
        status = f"{entry['statusCode']} {entry['status']}"
        shown = (entry["received"], entry["number"], entry["sender"], entry["text"], status, entry["report"] or "")
        cells = "".join(f"<td>{escape(text)}" for text in shown)
        yield f"<tr>{cells}<td>{_BUTTON.format(number=escape(entry['number']))}"
