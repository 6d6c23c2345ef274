"""Sends e-mail by SMTP: at least once, with the same Message-ID for every copy."""

import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import eventlet

from chassis import clock
from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult
from notifications.channels.email import smtp_errors
from notifications.channels.email.message import Composer
from notifications.channels.interface import OutgoingMessage, SendResult, group_results

SECURITY = ("none", "starttls", "tls")
# Seconds for a connection, and for each mail: smtplib limits only the time between two parts of a reply.
LONGEST = 60


class Email:
    """Sends each batch over one SMTP connection."""

    def __init__(self, settings: dict[str, Any]) -> None:
        if settings["security"] not in SECURITY:  # a typing error must not send passwords unencrypted
            raise ValueError(f"email.security: expected one of {', '.join(SECURITY)}")
        self._settings = settings
        self._composer = Composer(settings["sender"], settings["public_url"])

    def send(self, batch: Sequence[OutgoingMessage]) -> Iterator[list[SendResult]]:
        """Send until the end of the batch or of the connection. If connecting fails, only the first has a result."""
        return group_results(self._send(batch))

    def _send(self, batch: Sequence[OutgoingMessage]) -> Iterator[SendResult]:
        try:
            with _in_time():
                server = self._connect()
        except (OSError, ValueError) as error:  # smtplib's are OSErrors, and ValueError for a login that is no base64
            yield from ((message.id, delivery_results.unavailable(smtp_errors.text(error))) for message in batch[:1])
            return
        try:
            for message in batch:
                result = message.check() or self._send_message(server, message)
                yield message.id, result
                if result.provider_error or server.sock is None:
                    return
        finally:
            _disconnect(server)

    def _send_message(self, server: smtplib.SMTP, message: OutgoingMessage) -> DeliveryResult:
        try:
            mail = self._composer.compose(message, clock.now())
            with _in_time():
                server.send_message(mail, self._composer.address, [message.address])
        except ValueError:
            return delivery_results.invalid_address("the address cannot be used")
        except OSError as error:
            return smtp_errors.result(error)
        return delivery_results.sent()

    def _connect(self) -> smtplib.SMTP:
        """Connect, encrypt and log in as configured."""
        settings = self._settings
        # Without `local_hostname` smtplib asks the DNS each time.
        options = {"local_hostname": socket.gethostname(), "timeout": settings["timeout"]}
        if settings["security"] == "tls":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(settings["host"], settings["port"], context=context, **options)
        else:
            server = smtplib.SMTP(settings["host"], settings["port"], **options)
        try:
            if settings["security"] == "starttls":
                server.starttls(context=ssl.create_default_context())
            if settings["username"]:
                server.login(settings["username"], settings["password"])
        except (OSError, ValueError):
            _disconnect(server)
            raise
        return server


def _disconnect(server: smtplib.SMTP) -> None:
    with suppress(OSError), _in_time():
        server.quit()
    server.close()


def _in_time() -> eventlet.Timeout:
    """Return a context that raises TimeoutError after LONGEST seconds."""
    return eventlet.Timeout(LONGEST, TimeoutError("the server takes too long"))
