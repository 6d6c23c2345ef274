"""E-mail by SMTP: at least once, with a Message-ID by which a second copy is known."""

import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from chassis import clock
from notifications.channels import delivery_results
from notifications.channels.base import Outgoing, Result, recordable
from notifications.channels.delivery_results import Outcome
from notifications.channels.email import smtp_errors
from notifications.channels.email.message import Composer
from notifications.contract import DeliveryChannel

SECURITY = ("none", "starttls", "tls")


class Email:
    """Sends mails, a batch over one connection."""

    name: DeliveryChannel = "email"
    abandoned = delivery_results.transient("the sender stopped on the way")

    def __init__(self, config: dict[str, Any]) -> None:
        if config["security"] not in SECURITY:  # a slip of the pen must not send passwords in the clear
            raise ValueError(f"email.security: expected one of {', '.join(SECURITY)}")
        self._config = config
        self._composer = Composer(config["sender"], config["public_url"])

    def send(self, batch: Sequence[Outgoing]) -> Iterator[list[Result]]:
        """Send until all are sent or the connection is lost; without a connection the first one tells why."""
        return recordable(self._send(batch))

    def _send(self, batch: Sequence[Outgoing]) -> Iterator[Result]:
        try:
            server = self._connect()
        except OSError as error:  # smtplib's own are OSErrors too
            yield from ((letter.id, delivery_results.away(smtp_errors.text(error))) for letter in batch[:1])
            return
        try:
            for letter in batch:
                outcome = self._send_one(server, letter)
                yield letter.id, outcome
                if outcome.trouble or server.sock is None:
                    return
        finally:
            _hang_up(server)

    def _send_one(self, server: smtplib.SMTP, letter: Outgoing) -> Outcome:
        try:
            message = self._composer.compose(letter, clock.now())
            server.send_message(message, self._composer.address, [letter.address])
        except ValueError:
            return delivery_results.unusable("the address cannot be used")
        except OSError as error:
            return smtp_errors.outcome(error)
        return delivery_results.sent()

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
