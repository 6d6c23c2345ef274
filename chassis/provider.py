"""The base of dependency providers, with the type that a service gets."""

from typing import TYPE_CHECKING, Generic, TypeVar

from nameko.extensions import DependencyProvider

Provided = TypeVar("Provided")


class Provider(DependencyProvider, Generic[Provided]):
    """Nameko's provider: in a worker, the result of `get_dependency` replaces the attribute of the service class."""

    if TYPE_CHECKING:

        def __get__(self, service: object, owner: type) -> Provided: ...
