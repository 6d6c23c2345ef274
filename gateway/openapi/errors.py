"""Which refusals a row of the route table can give, and what each looks like."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from chassis.errors import (
    Conflict,
    DeadlineExceeded,
    Forbidden,
    Invalid,
    NotFound,
    ServiceError,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from gateway.http import problems
from gateway.http.problems import Malformed, Problem, TooLarge, UnsupportedMedia
from gateway.openapi.headers import GUARDED, references
from gateway.openapi.schemas import REF
from gateway.routing.route import Route, Who

REQUEST_ID = "05abb1c92aec4ec5a7a87dbeb7081e01"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a kind of refusal means, examples of it, and its headers beside those of every answer."""

    meaning: str
    examples: tuple[ServiceError, ...]
    headers: tuple[str, ...] = ()


KINDS: dict[type[ServiceError], Refusal] = {
    Malformed: Refusal("The body is not JSON.", (Malformed("The body is not valid JSON."),)),
    Unauthenticated: Refusal(
        "No token, or one that is not good (any more).",
        (
            Unauthenticated("Sign in first."),
            Unauthenticated("This token is not valid (any more). Sign in again.", "invalid_token"),
        ),
        ("WWW-Authenticate",),
    ),
    Forbidden: Refusal("For staff only.", (Forbidden("This is for staff."),)),
    NotFound: Refusal(
        "No such thing, or none that the caller may see.", (NotFound("There is nothing under this id."),)
    ),
    Conflict: Refusal(
        "The first request with this `Idempotency-Key` is still running.",
        (Conflict("The first request with this key is still running.", "idempotency_key_in_use"),),
    ),
    TooLarge: Refusal("The body has more than 1 MiB.", (TooLarge("The body may have 1048576 bytes at most."),)),
    UnsupportedMedia: Refusal(
        "The body is not declared as JSON.", (UnsupportedMedia("Send JSON, with Content-Type: application/json."),)
    ),
    Invalid: Refusal("`errors` names what is wrong.", (Invalid.field("limit", "must be 1 to 100"),)),
    TooManyRequests: Refusal(
        "A limit is reached.", (TooManyRequests("Too many requests; try again later."),), ("Retry-After",)
    ),
    ServiceError: Refusal(
        "A mistake of ours; the log has it under the request id.", (ServiceError("Something went wrong here."),)
    ),
    Unavailable: Refusal(
        "A dependency is away or too busy, or operators have switched this endpoint off.",
        (
            Unavailable("The service users is not there."),
            Unavailable("This endpoint is switched off at the moment.", "route_disabled"),
        ),
        ("Retry-After",),
    ),
    DeadlineExceeded: Refusal(
        "No answer in time. Whether a write was done is not known; repeat it with the same `Idempotency-Key`.",
        (DeadlineExceeded("There was no answer in time."),),
    ),
}
ALWAYS = (TooManyRequests, ServiceError, Unavailable, DeadlineExceeded)
OF_BODIES = (Malformed, TooLarge, UnsupportedMedia)


def of(route: Route, *, body: bool, fields: bool) -> dict[str, Any]:
    """Return the refusals of a row by status; `fields`: there is something in the request that can be wrong."""
    own: dict[type[ServiceError], list[ServiceError]] = defaultdict(list)
    for refusal in route.refusals:
        own[type(refusal)].append(refusal)
    kinds = {*own, *_implied(route, body=body, fields=fields)}
    return {str(kind.status): _answer(kind, own.get(kind)) for kind in sorted(kinds, key=lambda kind: kind.status)}


def components() -> dict[str, Any]:
    """Return the answers that rows refer to."""
    return {kind.__name__: _described(kind, refusal.meaning, refusal.examples) for kind, refusal in KINDS.items()}


def _implied(route: Route, *, body: bool, fields: bool) -> Iterator[type[ServiceError]]:
    """Yield what the gateway itself refuses on the way."""
    yield from ALWAYS
    if body:
        yield from OF_BODIES
    if route.who is not Who.ANYONE:
        yield Unauthenticated
    if route.who is Who.STAFF:
        yield Forbidden
    if "<" in route.paths[0]:
        yield NotFound
    if fields or route.keyed:
        yield Invalid
    if route.keyed:
        yield Conflict


def _answer(kind: type[ServiceError], own: Sequence[ServiceError] | None) -> dict[str, Any]:
    """Give the row's own description, or refer to the common one."""
    if own is None:
        return {"$ref": f"#/components/responses/{kind.__name__}"}
    return _described(kind, " ".join(f"`{refusal.code}`: {refusal.detail}" for refusal in own), own)


def _described(kind: type[ServiceError], meaning: str, examples: Sequence[ServiceError]) -> dict[str, Any]:
    return {
        "description": f"{HTTPStatus(kind.status).phrase}. {meaning}",
        "headers": references(*GUARDED, *KINDS[kind].headers),
        "content": {
            problems.CONTENT_TYPE: {
                "schema": {"$ref": REF + Problem.__name__},
                "examples": {
                    example.code: {"value": json.loads(problems.document(example, REQUEST_ID))} for example in examples
                },
            }
        },
    }
