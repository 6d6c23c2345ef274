"""The verified caller of an RPC method or the sender of an event."""

from dataclasses import dataclass, replace

from chassis.errors import Forbidden, Unauthenticated

CALLER = "caller"  # key of the caller in a worker's context data


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever stands behind a call: a service, and perhaps a user on whose behalf it calls."""

    service: str
    user: str | None = None
    username: str | None = None
    session: str | None = None
    staff: bool = False

    def require_user(self) -> str:
        """Return the user's id; refuse a service that calls for nobody."""
        if self.user is None:
            raise Unauthenticated("Sign in first.")
        return self.user

    def require_staff(self) -> None:
        """Refuse users who are not staff; services that call on their own account may pass."""
        if self.user is not None and not self.staff:
            raise Forbidden("This is for staff.")

    def require_service(self, *names: str) -> None:
        """Refuse every caller but these services and the operator's shell."""
        if self.service not in (*names, "operator"):
            raise Forbidden("This is between services.")

    def passed_on_by(self, service: str) -> "Caller":
        """Return the caller that another service becomes when it calls on behalf of the same user."""
        return replace(self, service=service)
