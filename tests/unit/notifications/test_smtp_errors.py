"""Delivery results of SMTP errors."""

import smtplib

import pytest

from notifications.channels.email import smtp_errors

ADDRESS = "ada@example.org"
NO_SUCH_USER = b"5.1.1 <ada@example.org>: no such user"


def rejected(code: int, text: bytes) -> smtplib.SMTPRecipientsRefused:
    return smtplib.SMTPRecipientsRefused({ADDRESS: (code, text)})


def test_unknown_recipient_is_a_permanent_failure() -> None:
    result = smtp_errors.result(rejected(550, NO_SUCH_USER))
    assert (result.status, result.error) == ("failed", "SMTP 550 5.1.1")


def test_rejected_content_is_a_permanent_failure() -> None:
    assert smtp_errors.result(smtplib.SMTPDataError(554, b"spam")).status == "failed"


@pytest.mark.parametrize("error", [rejected(450, b"4.2.1 try later"), smtplib.SMTPDataError(452, b"disk full")])
def test_4xx_reply_to_one_mail_is_transient_and_no_provider_error(error: OSError) -> None:
    result = smtp_errors.result(error)
    assert (result.status, result.attempted, result.provider_error) == ("pending", True, False)


@pytest.mark.parametrize(
    "error",
    [
        rejected(421, b"4.3.2 closing"),
        smtplib.SMTPDataError(421, b"closing"),
        smtplib.SMTPServerDisconnected("Connection unexpectedly closed"),
        TimeoutError(),
    ],
)
def test_lost_connection_is_a_provider_error_and_counts_as_attempt(error: OSError) -> None:
    result = smtp_errors.result(error)
    assert (result.status, result.attempted, result.provider_error) == ("pending", True, True)


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPSenderRefused(550, b"who are you", "no-reply@baraza.example"),
        smtplib.SMTPAuthenticationError(535, b"5.7.8 wrong password"),
        smtplib.SMTPHeloError(501, b"what is your name"),
    ],
)
def test_rejected_client_is_a_provider_error_and_no_attempt(error: OSError) -> None:
    result = smtp_errors.result(error)
    assert (result.status, result.attempted, result.provider_error) == ("pending", False, True)


def test_error_never_contains_the_address() -> None:
    for error in (
        rejected(550, NO_SUCH_USER),
        rejected(550, NO_SUCH_USER[6:]),
        smtplib.SMTPDataError(554, NO_SUCH_USER),
    ):
        assert ADDRESS not in (smtp_errors.result(error).error or "")
