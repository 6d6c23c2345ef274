"""Where a login or a sign-in comes from."""

from dataclasses import dataclass
from typing import Protocol


class Client(Protocol):
    """The properties of a client that requests carry."""

    @property
    def device_token(self) -> str | None:
        """The token that the device has of an earlier session."""

    @property
    def address(self) -> str | None:
        """The IP address."""

    @property
    def user_agent(self) -> str | None:
        """The `User-Agent`."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """Whether an account knows the device of a client, and its address, from earlier sessions."""

    device: bool = False
    address: bool = False

    @property
    def is_known(self) -> bool:
        """Whether the account knows one of them."""
        return self.device or self.address
