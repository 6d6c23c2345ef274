"""The tables of docs/configuration.md: a row for each variable in config.yml, with its comment as the meaning."""

import re
from collections.abc import Iterator

from dev.machine.files import ROOT

PAGE = ROOT / "docs" / "configuration.md"
_VARIABLE = re.compile(r"\$\{(\w+)(?::([^}]*))?}")
_LINK = re.compile(r"docs/([\w-]+\.md)(#[\w-]+)?")
_TABLE = re.compile(r"(<!-- (\w+): generated from config\.yml -->\n).*?(<!-- end -->)", re.DOTALL)

# Section, name, default (None if it is required) and meaning.
Variable = tuple[str, str, str | None, str]


def write_tables() -> int:
    """Write the page with new tables."""
    PAGE.write_text(page())
    return 0


def page() -> str:
    """Return the page with new tables."""
    known = [*variables((ROOT / "config.yml").read_text())]
    return _TABLE.sub(lambda found: f"{found[1]}\n{_table(known, found[2])}\n\n{found[3]}", PAGE.read_text())


def variables(config: str) -> Iterator[Variable]:
    """Yield the variables of config.yml; the comment of one is behind it or above it."""
    section, above = "common", list[str]()  # the variables outside the services' sections
    for line in config.splitlines():
        value, _, comment = line.partition("#")
        comments = [*above, comment.strip()] if comment.strip() else above
        if key := re.match(r"(\w+):", value):
            section = key[1] if (ROOT / key[1] / "service.py").exists() else "common"
        for name, default in _VARIABLE.findall(value):
            yield section, name, None if f"${{{name}}}" in value else default, " ".join(comments)
        above = comments if comment.strip() and not value.strip() else []


def _table(known: list[Variable], section: str) -> str:
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for _, name, default, meaning in (variable for variable in known if variable[0] == section):
        cell = "required" if default is None else f"`{default}`" if default else "empty"
        linked = _LINK.sub(r"[\1](\1\2)", meaning).replace("|", r"\|")
        rows.append(f"| `{name}` | {cell} | {linked} |")
    return "\n".join(rows)
