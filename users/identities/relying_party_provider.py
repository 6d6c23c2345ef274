"""Provides the relying party; its libraries are imported only where an identity provider is configured."""

from typing import TYPE_CHECKING

from chassis.provider import SharedProvider
from users.contract import errors
from users.identities.settings import from_config

if TYPE_CHECKING:
    from users.identities.relying_party import RelyingParty


class RelyingPartyProvider(SharedProvider["RelyingParty | None"]):
    """Provides RelyingParty; None if no identity provider is configured."""

    def create(self) -> "RelyingParty | None":
        """Read the settings."""
        config = self.container.config
        settings = from_config(config["users"].get("identity_provider", {}))
        if settings is None:
            return None
        from users.identities.relying_party import RelyingParty  # noqa: PLC0415 - 15 MB, a third of the time of imports

        return RelyingParty(settings, config["clock_skew"])


def require(relying_party: "RelyingParty | None") -> "RelyingParty":
    """Return the relying party. Raises NotFound if no identity provider is configured."""
    if relying_party is None:
        raise errors.no_identity_provider()
    return relying_party
