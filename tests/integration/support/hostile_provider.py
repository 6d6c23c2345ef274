"""An OpenID Connect provider that can misbehave; runs in a process of its own: `hostile_provider.py PORT`.

`PUT /behaviour` sets what is wrong, as JSON:

* `claims`: replaces claims of ID tokens; null removes one, and times are seconds from now.
* `signature`: `none`, `hmac`, `other_key`, `other_algorithm` or `broken`.
* `rotate`: sign with a key that is published just now.
* `path`, `how`: requests of this path `hang`, `drip`, or answer with `error`, `redirect`, `huge`, `garbage`,
  `list` or `infinite`.
* `discovery`: replaces fields of the discovery document; `token` those of the token endpoint's answer.
* `in_userinfo`: the claims about the user are not in the ID token; `userinfo_of`: the user of the userinfo.

`PUT /users/SUBJECT` sets the claims about a user; `PUT /users/` forgets all users.
"""

import base64
import hashlib
import json
import secrets
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

CLIENT_ID, CLIENT_SECRET = "baraza", "a secret of the client"
PORT = int(sys.argv[1])
ISSUER = f"http://127.0.0.1:{PORT}"
HUGE = 50 << 20  # bytes

rsa_key = rsa.generate_private_key(65537, 2048)
other_key = rsa.generate_private_key(65537, 2048)
new_key = ec.generate_private_key(ec.SECP256R1())
behaviour: dict[str, Any] = {}
users: dict[str, dict[str, Any]] = {}
codes: dict[str, dict[str, str]] = {}  # the parameters of the authorization request, and the user
tokens: dict[str, str] = {}  # the user of an access token
calls: list[str] = []
published_new = False


def discovery() -> dict[str, Any]:
    document: dict[str, Any] = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/jwks",
        "userinfo_endpoint": f"{ISSUER}/userinfo",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }
    return {**document, **behaviour.get("discovery", {})}


def jwks() -> dict[str, Any]:
    keys = [RSAAlgorithm.to_jwk(rsa_key.public_key(), as_dict=True) | {"kid": "first", "use": "sig", "alg": "RS256"}]
    if published_new:
        keys.append(ECAlgorithm.to_jwk(new_key.public_key(), as_dict=True) | {"kid": "second"})
    return {"keys": [{"kty": "AKP", "kid": "unknown-type"}, *keys]}


def half_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def id_token(request: dict[str, str], access_token: str) -> str:
    global published_new  # noqa: PLW0603 - this is a program
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": request["sub"],
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 300,
        "nonce": request["nonce"],
        "at_hash": half_hash(access_token),
    }
    if not behaviour.get("in_userinfo"):
        claims |= users.get(request["sub"], {})
    changed = behaviour.get("claims", {})
    times = {
        name: now + value for name, value in changed.items() if name in {"exp", "iat", "nbf"} and value is not None
    }
    claims |= changed | times
    claims = {name: value for name, value in claims.items() if value is not None}
    if behaviour.get("rotate"):
        published_new = True
        return jwt.encode(claims, new_key, "ES256", headers={"kid": "second"})
    return sign(claims)


def sign(claims: dict[str, Any]) -> str:
    key_id = {"kid": "first"}
    match behaviour.get("signature"):
        case "none":
            return jwt.encode(claims, "", "none")
        case "hmac":
            return jwt.encode(claims, CLIENT_SECRET.ljust(32), "HS256", headers=key_id)
        case "other_key":
            return jwt.encode(claims, other_key, "RS256", headers=key_id)
        case "other_algorithm":
            return jwt.encode(claims, rsa_key, "PS256", headers=key_id)
        case "broken":
            header, _, signature = jwt.encode(claims, rsa_key, "RS256", headers=key_id).split(".")
            forged = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "forged"}).encode()).decode().rstrip("=")
            return f"{header}.{forged}.{signature}"
        case _:
            return jwt.encode(claims, rsa_key, "RS256", headers=key_id)


def exchange(headers: Any, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    quoted = base64.b64encode(urlencode({CLIENT_ID: CLIENT_SECRET}).replace("=", ":").encode()).decode()
    if headers.get("Authorization") not in {f"Basic {basic}", f"Basic {quoted}"}:
        return 401, {"error": "invalid_client"}
    request = codes.pop(form.get("code", ""), None)
    challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    expected = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
    if (
        request is None
        or request["code_challenge_method"] != "S256"
        or request["code_challenge"] != expected
        or request["redirect_uri"] != form.get("redirect_uri")
        or form.get("grant_type") != "authorization_code"
    ):
        return 400, {"error": "invalid_grant"}
    access_token = secrets.token_urlsafe()
    tokens[access_token] = request["sub"]
    body = {"access_token": access_token, "token_type": "Bearer", "expires_in": 300}
    return 200, body | {"id_token": id_token(request, access_token)} | behaviour.get("token", {})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/calls":
            return self.answer(200, calls)
        if self.misbehaved(url.path):
            return None
        answers: dict[str, Callable[[], Any]] = {
            "/.well-known/openid-configuration": discovery,
            "/jwks": jwks,
            "/userinfo": self.userinfo,
        }
        if url.path == "/authorize":
            return self.answer(200, '<form method="post">')
        return self.answer(200, answers[url.path]())

    def do_POST(self) -> None:
        url, body = urlsplit(self.path), self.body().decode()
        if self.misbehaved(url.path):
            return
        form = dict(parse_qsl(body))
        if url.path == "/token":
            self.answer(*exchange(self.headers, form))
            return
        request = {name: values[0] for name, values in parse_qs(url.query).items()}
        code = secrets.token_urlsafe()
        codes[code] = request | form
        query = urlencode({"code": code, "state": request["state"]})
        self.answer(302, "", {"Location": f"{request['redirect_uri']}?{query}"})

    def do_PUT(self) -> None:
        body = json.loads(self.body())
        if self.path == "/behaviour":
            behaviour.clear()
            behaviour.update(body)
            calls.clear()
        elif self.path == "/users/":
            users.clear()
        else:
            users[unquote(self.path.rpartition("/")[2])] = body
        self.answer(200, {})

    def userinfo(self) -> Any:
        subject = tokens[self.headers["Authorization"].removeprefix("Bearer ")]
        return {"sub": behaviour.get("userinfo_of", subject)} | users.get(subject, {})

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def misbehaved(self, path: str) -> bool:
        """Record the call; answer it wrongly if its path is the one that misbehaves."""
        calls.append(path)
        if path != behaviour.get("path"):
            return False
        self.close_connection = True
        getattr(self, f"be_{behaviour['how']}")()
        return True

    def be_hang(self) -> None:
        threading.Event().wait(60)

    def be_drip(self) -> None:
        self.start(200, {"Content-Length": "1000"})
        for _ in range(60):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(1)

    def be_error(self) -> None:
        self.answer(500, {"error": "server_error"})

    def be_redirect(self) -> None:
        self.answer(307, "", {"Location": f"{ISSUER}/stolen"})

    def be_huge(self) -> None:
        self.start(200, {"Content-Type": "application/json"})  # the end of the connection ends it
        for _ in range(HUGE >> 16):
            self.wfile.write(b" " * (1 << 16))
        calls.append("huge answer sent")

    def be_garbage(self) -> None:
        self.answer(200, "[" * 100_000)

    def be_list(self) -> None:
        self.answer(200, [1, 2])

    def be_infinite(self) -> None:
        self.answer(200, '{"access_token": "a", "id_token": "b", "expires_in": 1e999}')

    def start(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.start(status, {"Content-Type": "application/json", "Content-Length": str(len(text))} | (headers or {}))
        self.wfile.write(text.encode())


class Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """Ignore clients that close their connection."""


Server(("127.0.0.1", PORT), Handler).serve_forever()
