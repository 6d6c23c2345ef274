"""An HTML page: a title, a paragraph, links, and a button."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """A page; `button` sends a POST to the page's own address, `links` are pairs of address and text."""

    title: str
    text: str
    button: str | None = None
    links: tuple[tuple[str, str], ...] = ()
    status: int = 200
