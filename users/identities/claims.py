"""What the identity provider knows about a user."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of the provider about a user; `email` only if it has verified it."""

    subject: str
    email: str | None
    username: str | None
