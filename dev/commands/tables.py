"""The tables of docs/configuration.md: a row for each variable in config.yml, with its comment as the meaning."""

import re
from collections.abc import Iterator

from dev.machine.files import ROOT

PAGE = ROOT / "docs" / "configuration.md"
COMMON = "common"  # the variables outside the services' sections

_VARIABLE = re.compile(r"\$\{(\w+)(?::([^}]*))?}")
_LINK = re.compile(r"docs/([\w-]+\.md)(#[\w-]+)?")
_TABLE = re.compile(r"(<!-- (\w+): generated from config\.yml -->\n).*?(<!-- end -->)", re.DOTALL)


# Section, name, default (None if it is required) and meaning.
Variable = tuple[str, str, str | None, str]


def write_tables() -> int:
    """Write the page with new tables."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


def page() -> str:
    """Return the page with new tables."""
    known = [*variables((ROOT / "config.yml").read_text(encoding="utf-8"))]
    text = PAGE.read_text(encoding="utf-8")
    return _TABLE.sub(lambda found: f"{found[1]}\n{_table(known, found[2])}\n\n{found[3]}", text)


def variables(config: str) -> Iterator[Variable]:
    """Yield the variables of config.yml; the comment of one is behind it or above it."""
    section, above = COMMON, list[str]()
    for line in config.splitlines():
        value, _, comment = line.partition("#")
        comments = [comment.strip()] if comment.strip() else []
        if not value.strip():
            above = [*above, *comments] if comments else []
            continue
        if key := re.match(r"(\w+):", value):
            section = key[1] if (ROOT / key[1] / "service.py").exists() else COMMON
        for name, default in _VARIABLE.findall(value):
            required = f"${{{name}}}" in value
            yield section, name, None if required else default, " ".join([*above, *comments])
        above = []


def _table(known: list[Variable], section: str) -> str:
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for _, name, default, meaning in (variable for variable in known if variable[0] == section):
        cell = "required" if default is None else f"`{default}`" if default else "empty"
        linked = _LINK.sub(r"[\1](\1\2)", meaning).replace("|", r"\|")
        rows.append(f"| `{name}` | {cell} | {linked} |")
    return "\n".join(rows)
