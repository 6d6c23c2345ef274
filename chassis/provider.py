"""The bases of dependency providers, with the type that a service gets."""

from typing import TYPE_CHECKING, Generic, TypeVar

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

Provided = TypeVar("Provided")


class Provider(DependencyProvider, Generic[Provided]):
    """Nameko's provider: in a worker, the result of `get_dependency` replaces the attribute of the service class."""

    if TYPE_CHECKING:

        def __get__(self, service: object, owner: type) -> Provided: ...


class SharedProvider(Provider[Provided]):
    """Provides one object to all workers of a process."""

    shared: Provided

    def create(self) -> Provided:
        """Return the object; called when the process starts, before anything connects. An error prevents the start."""
        raise NotImplementedError

    def setup(self) -> None:
        """Create the object."""
        self.shared = self.create()

    def get_dependency(self, worker_ctx: WorkerContext) -> Provided:  # noqa: ARG002 - Nameko's signature
        """Return the object."""
        return self.shared
