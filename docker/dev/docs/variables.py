"""The tables of variables, made from config.yml: what one means is its comment, above it or behind it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chassis.config import FILE
from docker.dev.docs.markdown import table
from docker.dev.places import ROOT

SECTIONS = frozenset({"users", "feeds", "notifications", "gateway"})
COMMON = "common"  # what stands in none of the services' sections

_VARIABLE = re.compile(r"\$\{(\w+)(?::([^}]*))?}")
_LINK = re.compile(r"docs/([\w-]+\.md)(#[\w-]+)?")
_MARKED = re.compile(r"(<!-- (\w+): made from config\.yml -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Variable:
    """A variable of the environment; one without a default is required."""

    section: str
    name: str
    default: str | None
    meaning: str


def page(text: str) -> str:
    """Return a page with its marked tables made anew."""
    variables = read((ROOT / FILE).read_text(encoding="utf-8"))
    return _MARKED.sub(lambda marked: f"{marked[1]}\n{_table(variables, marked[2])}\n\n{marked[3]}", text)


def read(config: str) -> list[Variable]:
    """Return the variables of a configuration, in its order."""
    return [*_read(config)]


def _read(config: str) -> Iterator[Variable]:
    section, above = COMMON, list[str]()
    for line in config.splitlines():
        value, _, comment = line.partition("#")
        said = [comment.strip()] if comment.strip() else []
        if value.strip():
            if not value.startswith(" "):
                key = value.partition(":")[0]
                section = key if key in SECTIONS else COMMON
            for name, default in ((match[1], match[2]) for match in _VARIABLE.finditer(value)):
                yield Variable(section, name, default, " ".join([*above, *said]))
        above = [*above, *said] if comment and not value.strip() else []


def _table(variables: list[Variable], section: str) -> str:
    rows = [
        (f"`{one.name}`", _default(one.default), _LINK.sub(r"[\1](\1\2)", one.meaning))
        for one in variables
        if one.section == section
    ]
    return table(("variable", "default", "meaning"), rows)


def _default(default: str | None) -> str:
    if default is None:
        return "required"
    return f"`{default}`" if default else "empty"
