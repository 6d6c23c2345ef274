"""Finds the Nameko entrypoints of a service class without running a service."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR

Kind = TypeVar("Kind")


def find(service: type, kind: type[Kind]) -> Iterator[tuple[Callable[..., Any], Kind]]:
    """Yield each method that has an entrypoint of this class, with the entrypoint, in alphabetical order."""
    for _, method in inspect.getmembers(service, inspect.isfunction):
        for entrypoint in getattr(method, ENTRYPOINT_EXTENSIONS_ATTR, ()):
            if isinstance(entrypoint, kind):
                yield method, entrypoint
