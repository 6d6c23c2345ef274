"""Sphinx's settings: README, CHANGELOG and the pages of this folder as a site (`make docs`).

The pages are plain Markdown that reads well without it. What only the site needs is here: the order of reading.
"""
# ruff: noqa: INP001 - read by Sphinx, never imported

from typing import Any

project = "Baraza"
author = "The founders of Baraza"
root_doc = "docs/README"
extensions = ["myst_parser"]
include_patterns = ["*.md", "docs/*.md", "docs/howto/*.md", "docs/operations/*.md", "examples/*.md"]
exclude_patterns = [".*"]
myst_heading_anchors = 4
nitpicky = True

html_theme = "furo"  # light and dark, wide and narrow; loads nothing from elsewhere
html_title = "Baraza"
html_copy_source = False
html_show_sphinx = False

ORDER = {
    "Begin": ["/README", "tutorial"],
    "How to": [
        "howto/endpoint",
        "howto/channel",
        "howto/consumer",
        "howto/service",
        "howto/setting",
        "howto/migration",
        "howto/release",
    ],
    "For clients": ["http-api", "websocket"],
    "How it is built": [
        "architecture",
        "rpc-and-events",
        "reliability",
        "faults",
        "performance",
        "security",
        "security-services",
        "nameko",
        "dependencies",
    ],
    "How it is run": [
        "operations",
        "operations/kubernetes",
        "operations/topologies",
        "operations/identity-provider",
        "operations/upgrade-from-0.1.0",
        "configuration",
        "metrics",
        "runbook",
    ],
    "About it": ["specification", "/CHANGELOG", "/CONTRIBUTING", "/SECURITY", "/examples/README"],
}


def setup(app: Any) -> None:
    """Give the first page the site's table of contents, which is no Markdown."""
    app.connect("source-read", _add_contents)


def _add_contents(_app: Any, page: str, source: list[str]) -> None:
    if page == root_doc:
        source[0] += "".join(_contents(caption, pages) for caption, pages in ORDER.items())


def _contents(caption: str, pages: list[str]) -> str:
    return "\n```{toctree}\n:hidden:\n:caption: " + caption + "\n\n" + "\n".join(pages) + "\n```\n"
