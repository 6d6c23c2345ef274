"""Delivery results of SMTP errors."""

import smtplib

import pytest

from notifications.channels.email import smtp_errors

ADDRESS = "ada@example.org"
NO_SUCH_USER = b"5.1.1 <ada@example.org>: no such user"


def rejected(code: int, text: bytes) -> smtplib.SMTPRecipientsRefused:
    return smtplib.SMTPRecipientsRefused({ADDRESS: (code, text)})


PERMANENT = ("failed", True, False)
TRANSIENT = ("pending", True, False)
CONNECTION_LOST = ("pending", True, True)
REJECTED_CLIENT = ("pending", False, True)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (rejected(550, NO_SUCH_USER), PERMANENT),
        (smtplib.SMTPDataError(554, b"spam"), PERMANENT),
        (rejected(450, b"4.2.1 try later"), TRANSIENT),
        (smtplib.SMTPDataError(452, b"disk full"), TRANSIENT),
        (rejected(421, b"4.3.2 closing"), CONNECTION_LOST),
        (smtplib.SMTPDataError(421, b"closing"), CONNECTION_LOST),
        (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), CONNECTION_LOST),
        (TimeoutError(), CONNECTION_LOST),
        (smtplib.SMTPSenderRefused(550, b"who are you", "no-reply@baraza.example"), REJECTED_CLIENT),
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 wrong password"), REJECTED_CLIENT),
        (smtplib.SMTPHeloError(501, b"what is your name"), REJECTED_CLIENT),
    ],
    ids=repr,
)
def test_error_decides_status_attempt_and_whether_the_provider_failed(
    error: OSError, expected: tuple[str, bool, bool]
) -> None:
    result = smtp_errors.result(error)
    assert (result.status, result.attempted, result.provider_error) == expected


def test_error_has_the_codes_and_never_the_address() -> None:
    assert smtp_errors.result(rejected(550, NO_SUCH_USER)).error == "SMTP 550 5.1.1"
    for error in (
        rejected(550, NO_SUCH_USER),
        rejected(550, NO_SUCH_USER[6:]),
        smtplib.SMTPDataError(554, NO_SUCH_USER),
    ):
        assert ADDRESS not in (smtp_errors.result(error).error or "")
