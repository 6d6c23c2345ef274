"""Finds the cached response that a request is for: by its path and its validated fields.

So unknown parameters, other spellings and the order of parameters make no further entries.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from werkzeug import Request

from chassis.contract import Message
from chassis.contract.validation import validate_strings
from chassis.errors import Invalid
from gateway.routing.route import Route

MAX_LENGTH = 500  # characters of path and query; responses to longer ones are not cached
NAMES = 4096  # names that are remembered


class CacheableRoutes:
    """The routes whose responses are cached, by path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._paths: dict[str, Route] = {}
        self._prefixes: dict[str, tuple[Route, str]] = {}  # of paths that end with a parameter; with its name
        for route in routes:
            for path in route.paths if route.tag else ():
                prefix, _, parameter = path.rstrip("/>").partition("<")
                if parameter:
                    self._prefixes[prefix] = route, parameter
                else:
                    self._paths[path] = route

    def find(self, environ: Mapping[str, Any]) -> tuple[Route, str] | None:
        """Return the route and the name of the response under the route's tag; None if the request is not cacheable."""
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        if environ["REQUEST_METHOD"] != "GET" or len(path) + len(query) > MAX_LENGTH:
            return None
        if route := self._paths.get(path):
            name = _name(route.request, path, query, None)
        elif found := self._prefixes.get(path[: path.rfind("/", 0, -1) + 1]):
            route, parameter = found
            name = _name(route.request, path, query, parameter)
        else:
            return None
        return (route, name) if name else None


def given_fields(message: Message) -> dict[str, Any]:
    """Return a request's fields that are not the defaults, in the order of its model."""
    return message.model_dump(mode="json", exclude_defaults=True)


@lru_cache(NAMES)
def _name(model: type[Message], path: str, query: str, parameter: str | None) -> str | None:
    """Return the name of a response; None if the request is not valid."""
    fields = Request({"QUERY_STRING": query}).args.to_dict()  # as the view reads them
    if parameter:
        fields[parameter] = path[path.rfind("/", 0, -1) + 1 : -1]
    try:
        message = validate_strings(model, fields)
    except Invalid:
        return None
    return f"{path}?{urlencode(given_fields(message))}"
