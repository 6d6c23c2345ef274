"""The identity provider as a dependency of the service; its libraries are imported only where one is configured."""

from typing import TYPE_CHECKING

from nameko.containers import WorkerContext

from chassis.errors import NotFound
from chassis.provider import Provider
from users.identities.settings import ProviderSettings, from_config

if TYPE_CHECKING:
    from users.identities.provider import IdentityProvider


class IdentityProviderDependency(Provider["IdentityProvider | None"]):
    """Provides the IdentityProvider; None if none is configured."""

    def setup(self) -> None:
        """Read the settings. Raises SystemExit if they are invalid."""
        config = self.container.config
        settings = from_config(config["users"].get("identity_provider", {}))
        self._provider = _create(settings, config["clock_skew"]) if settings else None

    def get_dependency(self, worker_ctx: WorkerContext) -> "IdentityProvider | None":  # noqa: ARG002 - Nameko's signature
        """Return the provider, which all workers share."""
        return self._provider


def _create(settings: ProviderSettings, leeway: float) -> "IdentityProvider":
    from users.identities.provider import IdentityProvider  # noqa: PLC0415 - 15 MB, and a third of the time of imports

    return IdentityProvider(settings, leeway)


def require(provider: "IdentityProvider | None") -> "IdentityProvider":
    """Return the provider. Raises NotFound if none is configured."""
    if provider is None:
        raise NotFound("No identity provider is configured here.", "identity_provider_not_configured")
    return provider
