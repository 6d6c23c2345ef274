"""What variables accept: the section `accepts` of config.yml, and for other variables the type of the default."""

import math
import pkgutil
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import yaml

# Raises ValueError for a value that is not accepted; its text goes on after the name of the variable.
Check = Callable[[str], object]


def check_of(entry: Any) -> Check:
    """Return the check of an entry of `accepts`, whose comment in config.yml describes the forms."""
    match entry:
        case list():
            return partial(_check_choice, entry)
        case str():
            return partial(_check_pattern, entry)
        case {"()": str(name)}:
            return partial(_check_with, name)
        case int():
            return partial(_check_whole_number, entry)
        case float():
            return partial(_check_number, entry)
    raise ValueError(f"accepts: {entry!r} is none of the forms")


def needs_of(entry: Any) -> list[str]:
    """Return the variables that one with this entry needs."""
    return entry.get("needs", []) if isinstance(entry, dict) else []


def check_like(default: object) -> Check | None:
    """Return the check of a variable with this default and without an entry; None: anything is accepted."""
    match default:
        case bool():
            return _check_switch
        case int() | float():
            return partial(_check_number, 0)
    return None


def _check_choice(choices: Sequence[str], text: str) -> None:
    if text not in choices:
        raise ValueError(f"must be one of {', '.join(choices)}")


def _check_pattern(pattern: str, text: str) -> None:
    if not re.fullmatch(pattern, text):
        raise ValueError(f"must be a text that matches {pattern}")


def _check_with(function: str, text: str) -> None:
    """Call a function by its name; it is imported here, so that only processes with a value import it."""
    pkgutil.resolve_name(function)(text)


def _check_switch(text: str) -> None:
    if type(_parsed(text)) is not bool:
        raise ValueError("must be one of true, false")  # as YAML has them, so `yes` too


def _check_whole_number(smallest: int, text: str) -> None:
    value = _parsed(text)
    if type(value) is not int or value < smallest:
        raise ValueError(f"must be a whole number, {smallest} or more")


def _check_number(smallest: float, text: str) -> None:
    value = _parsed(text)
    if type(value) not in (int, float) or not math.isfinite(value) or value < smallest:
        raise ValueError(f"must be a number, {smallest:g} or more")


def _parsed(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None
