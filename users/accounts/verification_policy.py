"""Whether only verified addresses may receive more than codes: `users.verification` of config.yml."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.provider import SharedProvider
from users.contract import CodeChannel
from users.models import User

REQUIRED, OFF = "required", "off"  # values of the setting


@dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """Whether addresses have to be verified; if not, every address counts as verified."""

    required: bool

    def accepts(self, user: User, channel: CodeChannel) -> bool:
        """Return whether the address of a channel is verified, or need not be."""
        return not self.required or user.verified_at(channel) is not None


def from_config(settings: Mapping[str, Any]) -> VerificationPolicy:
    """Read the setting in the section `users`. Raises ValueError for an unknown value."""
    value = settings.get("verification", REQUIRED)
    if value not in (REQUIRED, OFF):
        raise ValueError(f"users.verification (VERIFICATION): expected {REQUIRED} or {OFF}, not {value!r}")
    return VerificationPolicy(value == REQUIRED)


class VerificationPolicyProvider(SharedProvider[VerificationPolicy]):
    """Provides VerificationPolicy."""

    def create(self) -> VerificationPolicy:
        """Read the setting."""
        return from_config(self.container.config["users"])
