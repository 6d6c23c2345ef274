"""Maps SMTP errors to delivery results (RFC 5321, section 4.2.1; RFC 3463)."""

import re
import smtplib

from notifications.channels import delivery_results
from notifications.channels.delivery_results import DeliveryResult

_CLOSING = 421
_PERMANENT = 500
_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


def result(error: OSError) -> DeliveryResult:
    """Return the result of an e-mail for which smtplib raised an error.

    A 5xx reply to the recipient or the content is a permanent failure. If the server rejects our name or sender, it has
    not looked at the e-mail: the attempt does not count. If the connection is lost or closed with 421, the e-mail may
    be the cause or may have arrived: the attempt counts.
    """
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return delivery_results.failed("the server does not support such addresses")
    if isinstance(error, (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)):
        code, _ = _reply(error) or (0, b"")
        if code >= _PERMANENT:
            return delivery_results.failed(text(error))
        return delivery_results.transient(text(error), provider_error=code == _CLOSING)
    if isinstance(error, smtplib.SMTPResponseException):
        return delivery_results.unavailable(text(error))
    return delivery_results.transient(text(error), provider_error=True)


def text(error: OSError | ValueError) -> str:
    """Return the codes of the reply, or the class of the error. The text of a reply may repeat the address."""
    reply = _reply(error)
    if reply is None:
        return type(error).__name__
    code, message = reply
    enhanced = _ENHANCED.match(message.decode("ascii", "replace"))
    return f"SMTP {code} {enhanced[1]}" if enhanced else f"SMTP {code}"


def _reply(error: OSError | ValueError) -> tuple[int, bytes] | None:
    """Return code and text of the server's reply; None without a reply."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next(iter(error.recipients.values()))
    if isinstance(error, smtplib.SMTPResponseException):
        message = error.smtp_error
        return error.smtp_code, message if isinstance(message, bytes) else message.encode()
    return None
