"""The headers of responses."""

from typing import Any

# Of every response to a counted request.
GUARDED = ("X-Request-ID", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
CACHED = ("ETag", "Cache-Control")
OPTIONAL = frozenset({"Link", "Idempotency-Replayed"})

_NUMBER = {"type": "integer", "minimum": 0}
_HEADERS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "X-Request-ID": (
        "Identifies this request in all logs. A client may send its own: 8 to 64 letters, digits, `.`, `_` or `-`.",
        {"type": "string", "pattern": "^[A-Za-z0-9._-]{8,64}$"},
        "05abb1c92aec4ec5a7a87dbeb7081e01",
    ),
    "X-RateLimit-Limit": ("Requests allowed in a window.", _NUMBER, 1000),
    "X-RateLimit-Remaining": ("Requests left in this window.", _NUMBER, 998),
    "X-RateLimit-Reset": ("When the window ends, in seconds since 1970.", _NUMBER, 1795359871),
    "Retry-After": ("Seconds to wait.", _NUMBER, 2),
    "WWW-Authenticate": (
        "The scheme to sign in with (RFC 6750).",
        {"type": "string", "pattern": "^Bearer "},
        'Bearer realm="baraza", error="invalid_token"',
    ),
    "ETag": ("For `If-None-Match`.", {"type": "string", "pattern": '^"[^"]+"$'}, '"f0e4c2f76c58916ec2587a1b"'),
    "Cache-Control": (
        "`no-cache`: store it, and revalidate with `If-None-Match`. `no-store`: do not store it.",
        {"enum": ["no-cache", "no-store"]},
        "no-store",
    ),
    "Link": (
        'The next page, as `rel="next"` (RFC 8288); absent on the last.',
        {"type": "string", "pattern": '^<[^>]+>; rel="next"$'},
        '</all-posts/?cursor=MDE5MzJmM2U>; rel="next"',
    ),
    "Location": (
        "The path of what was created.",
        {"type": "string", "pattern": "^/[^ ]+/$"},
        "/post-detail/01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21/",
    ),
    "Content-Disposition": (
        "The response is a file; with its name.",
        {"type": "string", "pattern": '^attachment; filename="[^"]+"$'},
        'attachment; filename="baraza-2026-11-22.json"',
    ),
    "Idempotency-Replayed": ("This is the first response again; nothing was written.", {"const": "true"}, "true"),
}


def components() -> dict[str, Any]:
    """Return the components that `references` refers to."""
    return {
        name: {"description": text, "required": name not in OPTIONAL, "schema": schema, "example": example}
        for name, (text, schema, example) in _HEADERS.items()
    }


def references(*names: str) -> dict[str, Any]:
    """Return headers by name."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
