"""Junk for the gateway: random requests and websocket frames, most of them nearly valid. A seed determines them.

schemathesis (tests/e2e/support/fuzzing.py) sends what an HTTP library can send; these are bytes for a raw socket.
"""

import base64
import json
import random
import struct
from collections.abc import Mapping, Sequence
from typing import Any

METHODS = (*("GET", "POST", "PUT", "DELETE") * 10, "HEAD", "OPTIONS", "PATCH", "get", "TRACE", "\x00", "G" * 300)
TEXTS = (
    *("", "0", "-1", "x", "null", "1e999", "99999999999999999999", "\x00", "\r\n\r\n", "%00", "%ff", "%", "..%2f..%2f"),
    *(
        "http://[",
        "http://[::1",
        "//",
        "https://app.example.org",
        "://",
        "\x7f",
        "\xff\xfe",
        "é",
        "\u2028",
        "' OR 1=1 --",
    ),
    *("a" * 300, "a" * 9000, "{}", '"', "*", ",,,", ";q=", "gzip", "chunked", "identity", "bytes=0-", '"etag"', "W/"),
)
HEADERS = (
    *("Host", "Origin", "Authorization", "Content-Type", "Accept", "Accept-Encoding", "If-None-Match", "Cookie"),
    *("X-Request-ID", "X-Forwarded-For", "traceparent", "Idempotency-Key", "Expect", "Connection", "Upgrade", "Range"),
    *("Access-Control-Request-Method", "Access-Control-Request-Headers", "Transfer-Encoding", "Content-Length", "TE"),
    *("Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol", "Forwarded", "Bad Name", "", ":"),
)
VALUES = ("email", "sms", "123456", "user@example.org", "+254716000000", "correct horse battery")  # nearly valid
CHUNKS = (
    b"0\r\n\r\n",
    b"+1\r\na\r\n0\r\n\r\n",
    b"1\na\n0\n\n",
    b"-1\r\n",
    b"zz\r\n",
    b"ffffffffffffffffff\r\n",
    b"1;x=\r\na\r\n",
)
WEBSOCKET = "/ws/notifications/"
MUTATED = 0.15  # share of the requests in which single bytes are changed


def fields(document: Mapping[str, Any], path: str) -> list[str]:
    """Return the fields of the bodies that a path takes, by its OpenAPI document."""
    references = [
        content["schema"]["$ref"].rpartition("/")[2]
        for operation in document["paths"][path].values()
        if isinstance(operation, dict)
        for content in operation.get("requestBody", {}).get("content", {}).values()
        if "$ref" in content["schema"]
    ]
    return sorted({field for name in references for field in document["components"]["schemas"][name]["properties"]})


class Junk:
    """A generator of junk for paths, by the fields of their bodies. Requests of users have one of the tokens."""

    def __init__(self, seed: int, paths: Mapping[str, Sequence[str]], tokens: Sequence[str]) -> None:
        self._choose = random.Random(seed)  # noqa: S311 - a test, which must be repeatable
        self._fields = paths
        self._paths = (*paths, WEBSOCKET, "/nothing/", "*", "")
        self._tokens = tokens

    def parts(self) -> list[bytes]:
        """Return a request, or a websocket handshake and frames."""
        if self._choose.random() < 0.2:
            return [self._handshake(), b"".join(self._frame() for _ in range(self._choose.randrange(1, 8)))]
        request = self._request()
        return [self._mutate(request) if self._choose.random() < MUTATED else request]

    def _request(self) -> bytes:
        path = self._choose.choice(self._paths)
        body, framing = self._body(self._fields.get(path, ()))
        headers = [self._header() for _ in range(self._choose.choice((0, 0, 1, 1, 2, 5)))]
        valid = [("Host", "localhost"), ("X-Forwarded-For", self._address()), ("Content-Type", "application/json")]
        if self._choose.random() < 0.7:
            valid.append(("Authorization", f"Bearer {self._choose.choice(self._tokens)}"))
        lines = [f"{name}: {value}" for name, value in [*valid, *headers, framing] if name]
        head = "\r\n".join([f"{self._choose.choice(METHODS)} {self._target(path)} HTTP/1.1", *lines, "", ""])
        return head.encode("utf-8", "surrogateescape") + body

    def _target(self, path: str) -> str:
        while "{" in path:
            path = path.partition("{")[0] + self._text() + path.partition("}")[2]
        if self._choose.random() < 0.4:
            path += f"?{self._choose.choice(('limit', 'cursor', 'author', 'since', 'channel', 'x'))}={self._text()}"
        return path + (self._text() if self._choose.random() < 0.1 else "")

    def _header(self) -> tuple[str, str]:
        return self._choose.choice(HEADERS), self._text()

    def _text(self) -> str:
        return self._choose.choice(TEXTS)

    def _body(self, fields: Sequence[str]) -> tuple[bytes, tuple[str, str]]:
        """Return a body with most of these fields, and the header that frames it, which may be wrong."""
        document = {field: self._value(3) for field in fields if self._choose.random() < 0.8}
        text = json.dumps(document, allow_nan=True).encode()
        body = self._choose.choice(
            (b"", text, text[:-1], b"[" * 5000, b'"\\ud800"', b"\xff\xfe", self._choose.randbytes(50))
        )
        if self._choose.random() < 0.1:
            return self._choose.choice(CHUNKS), ("Transfer-Encoding", "chunked")
        wrong = self._choose.random() < 0.1
        return body, ("Content-Length", str(len(body) + (self._choose.randrange(-5, 5) if wrong else 0)))

    def _value(self, depth: int) -> object:
        scalars = (
            self._text(),
            self._choose.choice(VALUES),
            None,
            True,
            -1,
            1e308,
            float("nan"),
            10**400,
            self._address(),
        )
        if depth and self._choose.random() < 0.3:
            return [self._value(depth - 1) for _ in range(self._choose.randrange(4))]
        if depth and self._choose.random() < 0.2:
            return {self._text(): self._value(depth - 1)}
        return self._choose.choice(scalars)

    def _handshake(self) -> bytes:
        key = base64.b64encode(self._choose.randbytes(16)).decode()
        lines = [
            f"GET {WEBSOCKET}{self._choose.choice(('', '', '?since=', '?since=' + self._text()))} HTTP/1.1",
            *("Host: localhost", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
            f"Sec-WebSocket-Key: {key}",
            f"Authorization: Bearer {self._choose.choice(self._tokens)}",
            f"X-Forwarded-For: {self._address()}",
        ]
        if self._choose.random() < 0.2:
            lines.append(": ".join(self._header()))
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")

    def _frame(self) -> bytes:
        """Return a frame of RFC 6455 with random flags, opcode, length and mask."""
        payload = self._choose.randbytes(self._choose.choice((0, 1, 2, 20, 125, 126, 5000)))
        first = self._choose.choice((0x81, 0x82, 0x88, 0x89, 0x8A, self._choose.randrange(256)))
        mask = self._choose.choice((0x80, 0x80, 0x80, 0))
        claimed = self._choose.choice((len(payload), len(payload), 2**63, 70_000))
        if claimed < 126:
            head = struct.pack("!BB", first, mask | claimed)
        elif claimed < 2**16:
            head = struct.pack("!BBH", first, mask | 126, claimed)
        else:
            head = struct.pack("!BBQ", first, mask | 127, claimed)
        return head + (b"\x00\x00\x00\x00" if mask else b"") + payload

    def _mutate(self, data: bytes) -> bytes:
        changed = bytearray(data)
        for _ in range(self._choose.randrange(1, 4)):
            position = self._choose.randrange(len(changed))
            changed[position : position + self._choose.randrange(2)] = self._choose.randbytes(self._choose.randrange(3))
        return bytes(changed)

    def _address(self) -> str:
        return ".".join(str(self._choose.randrange(1, 255)) for _ in range(4))
