"""The errors that services return to their callers. The gateway converts them to problem documents (RFC 9457).

Nameko rebuilds only these classes on the caller's side, by the path of this module. A service distinguishes cases by
`code`, not by subclasses, so an older gateway understands a newer service.
"""

from collections.abc import Iterable
from typing import ClassVar, TypedDict

from nameko.exceptions import deserialize_to_instance


class FieldError(TypedDict):
    """One entry of a problem document's `errors`."""

    field: str
    message: str


class ServiceError(Exception):
    """An error that clients may see: `detail` contains nothing confidential.

    Nameko rebuilds it from `args` by position, so the constructor has no keyword-only arguments.
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
        self.retry_after = None if retry_after is None else int(retry_after)  # Nameko sends it as a string
        optional = () if retry_after is None else (retry_after,)  # older releases accept three arguments
        super().__init__(self.detail, self.code, self.errors, *optional)

    def __str__(self) -> str:
        fields = [f"{error['field']}: {error['message']}" for error in self.errors]
        return " ".join([f"{self.code}: {self.detail}", *(text for text in fields if text not in self.detail)])


@deserialize_to_instance
class Invalid(ServiceError):
    """The content of the request is invalid; `errors` lists the fields."""

    status = 422
    default_code = "invalid"

    @classmethod
    def field(cls, field: str, message: str, code: str | None = None) -> "Invalid":
        """Return the error for one field."""
        return cls(f"{field}: {message}", code, [{"field": field, "message": message}])


@deserialize_to_instance
class Unauthenticated(ServiceError):
    """The credentials are missing, invalid or expired."""

    status = 401
    default_code = "unauthenticated"


@deserialize_to_instance
class Forbidden(ServiceError):
    """The caller is known and has no permission."""

    status = 403
    default_code = "forbidden"


@deserialize_to_instance
class NotFound(ServiceError):
    """The resource does not exist, or the caller may not see it."""

    status = 404
    default_code = "not_found"


@deserialize_to_instance
class Conflict(ServiceError):
    """The current state does not allow it: for example, the name is taken."""

    status = 409
    default_code = "conflict"


@deserialize_to_instance
class TooManyRequests(ServiceError):
    """A rate limit was reached."""

    status = 429
    default_code = "throttled"


@deserialize_to_instance
class Unavailable(ServiceError):
    """A dependency is unavailable or overloaded; the caller may retry soon."""

    status = 503
    default_code = "unavailable"


@deserialize_to_instance
class DeadlineExceeded(ServiceError):
    """The service did not reply in time, or the database not to a commit; whether the work was done is unknown."""

    status = 504
    default_code = "deadline_exceeded"


TEMPORARY = (Unavailable, DeadlineExceeded)  # a database or a service is unavailable: no fault of the request
