"""E-mail by SMTP: at least once, with a Message-ID by which a second copy is known."""

import logging
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from email.utils import parseaddr
from typing import Any

from chassis import clock
from notifications import outcomes
from notifications.channels import mail, smtp_replies
from notifications.channels.base import Outgoing, Result, recordable
from notifications.outcomes import Outcome

SECURITY = ("none", "starttls", "tls")

_log = logging.getLogger(__name__)


class Email:
    """Sends mails, a batch over one connection."""

    name = "email"
    abandoned = outcomes.transient("the sender stopped on the way")

    def __init__(self, config: dict[str, Any]) -> None:
        if config["security"] not in SECURITY:  # a slip of the pen must not send passwords in the clear
            raise ValueError(f"email.security: expected one of {', '.join(SECURITY)}")
        self._config = config
        self._sender: str = config["sender"]

    def send(self, batch: Sequence[Outgoing]) -> Iterator[list[Result]]:
        """Send until all are sent or the connection is lost."""
        return recordable(self._send(batch))

    def _send(self, batch: Sequence[Outgoing]) -> Iterator[Result]:
        try:
            server = self._connect()
        except OSError as error:  # smtplib's own are OSErrors too
            reason = smtp_replies.text(error)
            _log.warning("no mail can be sent: %s", reason)
            yield from ((letter.id, outcomes.transient(reason)) for letter in batch)
            return
        try:
            for letter in batch:
                yield letter.id, self._send_one(server, letter)
                if server.sock is None:
                    return
        finally:
            _hang_up(server)

    def _send_one(self, server: smtplib.SMTP, letter: Outgoing) -> Outcome:
        try:
            message = mail.compose(letter, self._sender, clock.now())
            server.send_message(message, parseaddr(self._sender)[1], [letter.address])
        except ValueError:
            return outcomes.failed("the address cannot be used")
        except OSError as error:
            return smtp_replies.outcome(error)
        return outcomes.sent()

    def _connect(self) -> smtplib.SMTP:
        """Connect, encrypt and sign in as configured."""
        config = self._config
        # smtplib would ask the DNS for our name each time.
        options = {"local_hostname": socket.gethostname(), "timeout": config["timeout"]}
        if config["security"] == "tls":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(config["host"], config["port"], context=context, **options)
        else:
            server = smtplib.SMTP(config["host"], config["port"], **options)
        try:
            if config["security"] == "starttls":
                server.starttls(context=ssl.create_default_context())
            if config["username"]:
                server.login(config["username"], config["password"])
        except OSError:
            _hang_up(server)
            raise
        return server


def _hang_up(server: smtplib.SMTP) -> None:
    with suppress(OSError):
        server.quit()
    server.close()
