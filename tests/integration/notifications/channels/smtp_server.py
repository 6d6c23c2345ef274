"""An SMTP server that requires encryption and a password. A program: asyncio does not run in a green thread.

`python smtp_server.py PORT MODE CERTIFICATE KEY FOLDER`, with MODE starttls or tls. Each e-mail becomes a file in
FOLDER, named by its number and the number of its connection.
"""

import signal
import ssl
import sys
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "baraza", "open sesame"


class _Handler:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connections: list[Session] = []

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if session not in self._connections:
            self._connections.append(session)
        number = len(list(self._folder.iterdir()))
        (self._folder / f"{number}.{len(self._connections)}").write_bytes(envelope.original_content or b"")
        return "250 OK"


def _authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _method: str, login: LoginPassword
) -> AuthResult:
    valid = (login.login, login.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=valid, handled=False)


def main() -> None:
    """Serve until SIGTERM."""
    port, mode, certificate, key, folder = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    encrypted = {"ssl_context": context, "auth_require_tls": False} if mode == "tls" else {"tls_context": context}
    controller = Controller(
        _Handler(Path(folder)),
        hostname="127.0.0.1",
        port=int(port),
        require_starttls=mode == "starttls",
        auth_required=True,
        authenticator=_authenticate,
        **encrypted,
    )
    controller.start()
    print("ready", flush=True)  # noqa: T201 - the test waits for it
    signal.sigwait({signal.SIGTERM})
    controller.stop()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main()
