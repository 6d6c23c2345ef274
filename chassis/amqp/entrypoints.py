"""Finds the entrypoints of service classes by looking, without running anything."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR

Kind = TypeVar("Kind")


def find(service: type, kind: type[Kind]) -> Iterator[tuple[Callable[..., Any], Kind]]:
    """Yield the methods of a service class that are entrypoints of a kind, in order of name, with the entrypoints."""
    for _, method in inspect.getmembers(service, inspect.isfunction):
        for entrypoint in getattr(method, ENTRYPOINT_EXTENSIONS_ATTR, ()):
            if isinstance(entrypoint, kind):
                yield method, entrypoint
