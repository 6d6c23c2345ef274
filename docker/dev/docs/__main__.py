"""Writes the page of the documentation that is made from the code: `python -m docker.dev.docs`."""

from docker.dev.docs import catalogue
from docker.dev.places import ROOT

PAGE = ROOT / "docs" / "catalogue.md"


def main() -> None:
    """Write it."""
    PAGE.write_text(catalogue.page(), encoding="utf-8")


if __name__ == "__main__":
    main()
