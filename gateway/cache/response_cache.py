"""Cached answers: the body with its ETag and Link header, as one value in Redis."""

import hashlib
from dataclasses import dataclass

from gateway.request_context import Headers

MAX_QUERY = 300  # characters; longer ones are not cached


@dataclass(frozen=True, slots=True)
class Answer:
    """A cacheable answer with status 200."""

    body: bytes
    etag: str
    link: str = ""

    def headers(self) -> Headers:
        """Return its headers; clients may keep it but must ask each time."""
        link = [("Link", self.link)] if self.link else []
        return [
            ("Content-Type", "application/json"),
            ("ETag", self.etag),
            ("Cache-Control", "no-cache"),
            *link,
        ]

    def packed(self) -> bytes:
        """Return it as one value."""
        return b"\n".join((self.etag.encode(), self.link.encode(), self.body))

    def known_to(self, if_none_match: str) -> bool:
        """Tell whether the client has it already (RFC 9110, section 13.1.2)."""
        tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return self.etag in tags or if_none_match.strip() == "*"


def answer(body: bytes, link: str = "") -> Answer:
    """Make an answer with an ETag from its content."""
    return Answer(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"', link)


def unpacked(value: bytes) -> Answer:
    """Read what `packed` made."""
    etag, link, body = value.split(b"\n", 2)
    return Answer(body, etag.decode(), link.decode())
