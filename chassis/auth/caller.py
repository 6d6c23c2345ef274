"""The verified caller of an RPC method or sender of an event."""

from dataclasses import dataclass

from chassis.errors import Forbidden, Unauthenticated

CALLER = "caller"  # key of the caller in a worker's context data


@dataclass(frozen=True, slots=True)
class Caller:
    """The service that calls, and the user on whose behalf it calls, if any. Ids are UUIDs as text."""

    service: str
    user: str | None = None
    username: str | None = None
    session: str | None = None
    staff: bool = False

    def require_user(self) -> str:
        """Return the user's id. Raises Unauthenticated if the service does not call on behalf of a user."""
        if self.user is None:
            raise Unauthenticated("Sign in first.")
        return self.user

    def require_staff(self) -> None:
        """Raise Forbidden for users who are not staff; services that call without a user are allowed."""
        if self.user is not None and not self.staff:
            raise Forbidden("This is for staff.")

    def require_service(self, *names: str) -> None:
        """Raise Forbidden unless the caller is one of these services or an operator."""
        if self.service not in (*names, "operator"):
            raise Forbidden("This is between services.")
