"""Rejects arguments that a method does not have, for humans: services ignore them, as readers of messages do.

Without it a typing error in the operator's shell, such as `set_route("all-posts", enable=False)`, would change nothing.
"""

from typing import Any


class CheckedService:
    """The methods of a service, such as `n.rpc.users`; `service` is Nameko's proxy."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        return CheckedMethod(self._service, name)


class CheckedMethod:
    """A method of a service that checks the names of its arguments before the call."""

    def __init__(self, service: Any, name: str) -> None:
        self._service = service
        self._name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the method. Raises TypeError for an argument that it does not have."""
        if kwargs:
            self._check(kwargs)
        return getattr(self._service, self._name)(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(self._service, self._name), name)  # such as call_async

    def _check(self, given: dict[str, Any]) -> None:
        methods = {method["name"]: method["fields"] for method in self._service.describe()["methods"]}
        fields = methods.get(self._name)  # None: the call will fail
        if fields is None:
            return
        known = fields.get("properties", {})
        if unknown := sorted(given.keys() - known.keys()):
            raise TypeError(f"{self._name} has no argument {', '.join(unknown)}; it has {', '.join(known) or 'none'}")
