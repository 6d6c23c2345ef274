"""A mail server that insists on encryption and a password; a program, since asyncio cannot live among green threads.

`python secure_smtp.py PORT MODE CERTIFICATE KEY FOLDER`, with MODE starttls or tls. Each mail becomes a file in FOLDER,
named by its number and the number of its connection. The password is PASSWORD.
"""

import signal
import ssl
import sys
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "baraza", "open sesame"


class _Mails:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connections: list[Session] = []

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        if session not in self._connections:
            self._connections.append(session)
        number = len(list(self._folder.iterdir()))
        (self._folder / f"{number}.{len(self._connections)}").write_bytes(envelope.original_content or b"")
        return "250 OK"


def _authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, who: LoginPassword) -> AuthResult:
    return AuthResult(success=(who.login, who.password) == (USER.encode(), PASSWORD.encode()), handled=False)


def main() -> None:
    """Serve until told to end."""
    port, mode, certificate, key, folder = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    encrypted = {"ssl_context": context, "auth_require_tls": False} if mode == "tls" else {"tls_context": context}
    controller = Controller(
        _Mails(Path(folder)),
        hostname="127.0.0.1",
        port=int(port),
        require_starttls=mode == "starttls",
        auth_required=True,
        authenticator=_authenticate,
        **encrypted,
    )
    controller.start()
    print("ready", flush=True)  # noqa: T201 - whoever started it waits for that
    signal.sigwait({signal.SIGTERM})
    controller.stop()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main()
