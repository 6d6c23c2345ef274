"""Where a login or a sign-in comes from."""

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
