"""The kinds of refusal that cross the wire: a service raises one, the gateway turns it into a problem document.

Only these classes travel. A service tells its cases apart by `code`, not by subclasses, so that an older
gateway understands a newer service.
"""

from collections.abc import Iterable
from typing import ClassVar, TypedDict

from nameko.exceptions import deserialize_to_instance


class FieldError(TypedDict):
    """One entry of a problem document's `errors`."""

    field: str
    message: str


class ServiceError(Exception):
    """A refusal that the caller may be told: `detail` is fit for a client's eyes, `retry_after` is in seconds.

    Nameko rebuilds it from `args`, positionally, so the constructor takes nothing by keyword only.
    """

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal_error"

    def __init__(
        self,
        detail: str,
        code: str | None = None,
        errors: Iterable[FieldError] = (),
        retry_after: int | None = None,  # seconds
    ) -> None:
        self.detail = detail
        self.code = code or self.default_code
        self.errors = list(errors)
        self.retry_after = None if retry_after is None else int(retry_after)  # Nameko makes a text of it
        waiting = () if retry_after is None else (retry_after,)  # most have none, and older readers know none
        super().__init__(self.detail, self.code, self.errors, *waiting)

    def __str__(self) -> str:
        fields = [f"{error['field']}: {error['message']}" for error in self.errors]
        return " ".join([f"{self.code}: {self.detail}", *(text for text in fields if text not in self.detail)])


@deserialize_to_instance
class Invalid(ServiceError):
    """The request was understood and its content is wrong; `errors` names the fields."""

    status = 422
    default_code = "invalid"

    @classmethod
    def field(cls, field: str, message: str, code: str | None = None) -> "Invalid":
        """Refuse one field."""
        return cls(f"{field}: {message}", code, [{"field": field, "message": message}])


@deserialize_to_instance
class Unauthenticated(ServiceError):
    """Nobody, or somebody whose token is not good (any more)."""

    status = 401
    default_code = "unauthenticated"


@deserialize_to_instance
class Forbidden(ServiceError):
    """Known, and not allowed."""

    status = 403
    default_code = "forbidden"


@deserialize_to_instance
class NotFound(ServiceError):
    """There is no such thing, or none that the caller may see."""

    status = 404
    default_code = "not_found"


@deserialize_to_instance
class Conflict(ServiceError):
    """The state of things forbids it: a name that is taken, a recipient who is not active."""

    status = 409
    default_code = "conflict"


@deserialize_to_instance
class TooManyRequests(ServiceError):
    """A limit was reached."""

    status = 429
    default_code = "throttled"


@deserialize_to_instance
class Unavailable(ServiceError):
    """A dependency is away or too busy; trying again soon makes sense."""

    status = 503
    default_code = "unavailable"


@deserialize_to_instance
class DeadlineExceeded(ServiceError):
    """No answer in time; whether the work was done is not known."""

    status = 504
    default_code = "deadline_exceeded"
