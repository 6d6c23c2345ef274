"""What an SMTP server's refusal means for a delivery (RFC 5321, section 4.2.1; RFC 3463)."""

import re
import smtplib

from notifications.channels import delivery_results
from notifications.channels.delivery_results import Outcome

_CLOSING = 421
_PERMANENT = 500
_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


def outcome(error: OSError) -> Outcome:
    """Read what smtplib raised for one mail.

    A 5xx answer to the recipient or to the content is final. Whoever refuses our name or our address has not looked at
    the mail. A connection that is lost, or closed with 421, says nothing of the mail; but since the mail may be the
    cause, or may have arrived, that costs an attempt.
    """
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return delivery_results.failed("the server does not support such addresses")
    if isinstance(error, (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)):
        code, _ = _answer(error) or (0, b"")
        final = code >= _PERMANENT
        return (
            delivery_results.failed(text(error))
            if final
            else delivery_results.transient(text(error), trouble=code == _CLOSING)
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return delivery_results.away(text(error))
    return delivery_results.transient(text(error), trouble=True)


def text(error: OSError) -> str:
    """Return the codes of an answer, or the kind of error: servers repeat the address in their sentences."""
    answer = _answer(error)
    if answer is None:
        return type(error).__name__
    code, sentence = answer
    enhanced = _ENHANCED.match(sentence.decode("ascii", "replace"))
    return f"SMTP {code} {enhanced[1]}" if enhanced else f"SMTP {code}"


def _answer(error: OSError) -> tuple[int, bytes] | None:
    """Return code and sentence of an answer; None where there was none."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next(iter(error.recipients.values()))
    if isinstance(error, smtplib.SMTPResponseException):
        sentence = error.smtp_error
        return error.smtp_code, sentence if isinstance(sentence, bytes) else sentence.encode()
    return None
