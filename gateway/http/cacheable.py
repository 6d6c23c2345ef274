"""Finds the cached response that a request is for: by its path and its validated fields.

So unknown parameters, other spellings and the order of parameters make no further entries.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from werkzeug import Request

from chassis.contract import Message
from chassis.contract.validation import validate_strings
from chassis.errors import Invalid
from gateway.routing.route import Route

MAX_LENGTH = 500  # characters of path and query; responses to longer ones are not cached
NAMES = 4096  # paths whose responses' names are remembered


@dataclass(frozen=True, slots=True)
class Cacheable:
    """A cacheable response: its route, its name, and the cache tags that it depends on."""

    route: Route
    name: str
    tags: tuple[str, ...]


class CacheableRoutes:
    """The routes whose responses are cached, by path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._paths: dict[str, Route] = {}
        self._prefixes: dict[str, tuple[Route, str]] = {}  # of paths that end with a parameter; with its name
        self._remembered = lru_cache(NAMES)(self._find)
        for route in routes:
            for path in route.paths if route.tags else ():
                prefix, _, parameter = path.rstrip("/>").partition("<")
                if parameter:
                    self._prefixes[prefix] = route, parameter
                else:
                    self._paths[path] = route

    def find(self, environ: Mapping[str, Any]) -> Cacheable | None:
        """Return the response that a request is for; None if it is not cacheable."""
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        if environ["REQUEST_METHOD"] != "GET" or len(path) + len(query) > MAX_LENGTH:
            return None
        return self._remembered(path, query)

    def _find(self, path: str, query: str) -> Cacheable | None:
        if route := self._paths.get(path):
            return _cacheable(route, path, query, {})
        start = path.rfind("/", 0, -1) + 1
        if found := self._prefixes.get(path[:start]):
            route, parameter = found
            return _cacheable(route, path, query, {parameter: path[start:-1]})
        return None


def given_fields(message: Message) -> dict[str, Any]:
    """Return a request's fields that are not the defaults, in the order of its model."""
    return message.model_dump(mode="json", exclude_defaults=True)


def _cacheable(route: Route, path: str, query: str, parameters: dict[str, str]) -> Cacheable | None:
    """Return a response; None if the request is not valid."""
    fields = Request({"QUERY_STRING": query}).args.to_dict()  # as the view reads them
    try:
        message = validate_strings(route.request, fields | parameters)
    except Invalid:
        return None
    tags = tuple(tag.format_map(parameters) for tag in route.tags)
    return Cacheable(route, f"{path}?{urlencode(given_fields(message))}", tags)
