"""Writes what of the documentation is made from the code: `python -m docker.dev.docs`."""

from pathlib import Path

from docker.dev.docs import catalogue, variables
from docker.dev.places import ROOT

_DOCS = ROOT / "docs"


def pages() -> dict[Path, str]:
    """Return the pages as they should be."""
    configuration = _DOCS / "configuration.md"
    return {
        _DOCS / "catalogue.md": catalogue.page(),
        configuration: variables.page(configuration.read_text(encoding="utf-8")),
    }


def main() -> None:
    """Write them."""
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
