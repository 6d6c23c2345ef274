"""Provides the relying party; its libraries are imported only where an identity provider is configured."""

from typing import TYPE_CHECKING

from nameko.containers import WorkerContext

from chassis.errors import NotFound
from chassis.provider import Provider
from users.identities.settings import ProviderSettings, from_config

if TYPE_CHECKING:
    from users.identities.relying_party import RelyingParty


class RelyingPartyProvider(Provider["RelyingParty | None"]):
    """Provides RelyingParty; None if no identity provider is configured."""

    def setup(self) -> None:
        """Read the settings. Raises SystemExit if they are invalid."""
        config = self.container.config
        settings = from_config(config["users"].get("identity_provider", {}))
        self._relying_party = _create(settings, config["clock_skew"]) if settings else None

    def get_dependency(self, worker_ctx: WorkerContext) -> "RelyingParty | None":  # noqa: ARG002 - Nameko's signature
        """Return the one that all workers share."""
        return self._relying_party


def _create(settings: ProviderSettings, leeway: float) -> "RelyingParty":
    from users.identities.relying_party import RelyingParty  # noqa: PLC0415 - 15 MB, and a third of the time of imports

    return RelyingParty(settings, leeway)


def require(relying_party: "RelyingParty | None") -> "RelyingParty":
    """Return the relying party. Raises NotFound if no identity provider is configured."""
    if relying_party is None:
        raise NotFound("No identity provider is configured here.", "identity_provider_not_configured")
    return relying_party
