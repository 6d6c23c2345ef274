"""What a page for people is made of; the few that there are say one thing each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its heading, a few sentences, and perhaps a button that sends a POST to the page's own address."""

    title: str
    text: str
    button: str | None = None
    status: int = 200
