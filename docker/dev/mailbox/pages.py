"""The two pages that people see of the mailbox: the list, and one message."""

from collections.abc import Iterable
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --ink: #2b2f36; --quiet: #6b675f; --paper: #f4f1ea; --card: #fff; --edge: #e3ded3; --accent: #8a4b1f }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ece8e1; --quiet: #a6a29a; --paper: #17181b; --card: #222429; --edge: #363940; --accent: #e0a377 }
}
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
a { color: var(--accent) }
h1 { margin: .5rem 0 1rem; font-size: 1.3rem; overflow-wrap: anywhere }
li, dl, pre, iframe { background: var(--card); border: 1px solid var(--edge); border-radius: 8px }
ul { margin: 0; padding: 0; list-style: none }
li { margin: 0 0 .5rem; padding: .6rem 1rem; overflow-wrap: anywhere }
li a { font-weight: 600; text-decoration: none }
small, dt { color: var(--quiet) }
li small { display: block }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0 0 1rem; padding: .75rem 1rem; overflow-wrap: anywhere }
dd { margin: 0 }
iframe { box-sizing: border-box; width: 100%; height: 28rem; background: #fff }
pre { margin: .5rem 0 1rem; padding: .75rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere }
summary { cursor: pointer; color: var(--accent) }
"""  # noqa: E501 - CSS reads well with a rule a line
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><style>{style}</style>{body}"
)
_ITEM = '<li><a href="/show/{id}">{subject}</a><small>{to} · {received}</small>'
# A message's HTML must not run scripts here any more than in a mail client; its links open beside it.
_FRAME = '<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" title="HTML" srcdoc="{html}"></iframe>'
_BESIDE = '<base target="_blank">'


def page(title: str, body: str) -> str:
    """Put a body of HTML under a title of plain text."""
    return _PAGE.format(title=escape(title), style=_STYLE, body=body)


def listing(messages: Iterable[dict[str, Any]]) -> str:
    """List messages in the order in which they are given."""
    items = "".join(
        _ITEM.format(
            id=message["id"],
            subject=escape(message["subject"] or "(no subject)"),
            to=escape(", ".join(message["to"])),
            received=_moment(message),
        )
        for message in messages
    )
    return page("Mailbox", f"<h1>Mailbox</h1><ul>{items}</ul>" if items else "<h1>Mailbox</h1><p>No message yet.")


def message(found: dict[str, Any]) -> str:
    """Show a message: its HTML as readers see it, its text, and all of its headers."""
    headers = "\n".join(f"{key}: {value}" for key, value in found["headers"])
    envelope = {"From": found["from"], "To": ", ".join(found["to"]), "Received": _moment(found)}
    parts = [
        f'<a href="/">Mailbox</a><h1>{escape(found["subject"] or "(no subject)")}</h1>',
        f"<dl>{''.join(f'<dt>{name}<dd>{escape(value)}' for name, value in envelope.items())}</dl>",
        _FRAME.format(html=escape(_BESIDE + found["html"])) if found["html"] else "",
        _folded("Text", found["text"] or "", opened=not found["html"]),
        _folded("Headers", headers),
    ]
    return page(found["subject"], "".join(parts))


def _folded(title: str, text: str, *, opened: bool = False) -> str:
    return f"<details{' open' if opened else ''}><summary>{title}</summary><pre>{escape(text)}</pre></details>"


def _moment(found: dict[str, Any]) -> str:
    """Return when a message came, to the second."""
    return str(found["received"])[:19].replace("T", " ")
