"""Small pieces of Markdown that code hosts and the site read alike."""

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; without rows nothing."""
    lines = [_row([cell.replace("|", r"\|") for cell in row]) for row in rows]
    return "\n".join([_row(head), _row(["---"] * len(head)), *lines]) if lines else ""


def section(level: int, title: str, *parts: str) -> str:
    """Return a heading and what stands below it, without what is empty."""
    return "\n\n".join([f"{'#' * level} {title}", *(part for part in parts if part)])


def anchor(title: str) -> str:
    """Return the address of a heading in its page, as code hosts make it."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _row(cells: Iterable[str]) -> str:
    return re.sub(r" +\|", " |", "| " + " | ".join(cells) + " |")
