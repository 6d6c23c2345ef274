"""What an SMTP server's rejection means."""

import smtplib

import pytest

from notifications.channels.email import smtp_errors

ADDRESS = "ada@example.org"
GONE = b"5.1.1 <ada@example.org>: no such user"


def rejected(code: int, sentence: bytes) -> smtplib.SMTPRecipientsRefused:
    return smtplib.SMTPRecipientsRefused({ADDRESS: (code, sentence)})


def test_a_recipient_who_does_not_exist_is_final() -> None:
    outcome = smtp_errors.outcome(rejected(550, GONE))
    assert (outcome.status, outcome.error) == ("failed", "SMTP 550 5.1.1")


def test_a_content_that_is_rejected_is_final() -> None:
    assert smtp_errors.outcome(smtplib.SMTPDataError(554, b"spam")).status == "failed"


@pytest.mark.parametrize("error", [rejected(450, b"4.2.1 try later"), smtplib.SMTPDataError(452, b"disk full")])
def test_a_passing_rejection_of_one_mail_costs_it_an_attempt_and_is_no_trouble(error: OSError) -> None:
    outcome = smtp_errors.outcome(error)
    assert (outcome.status, outcome.tried, outcome.trouble) == ("pending", True, False)


@pytest.mark.parametrize(
    "error",
    [
        rejected(421, b"4.3.2 closing"),
        smtplib.SMTPDataError(421, b"closing"),
        smtplib.SMTPServerDisconnected("Connection unexpectedly closed"),
        TimeoutError(),
    ],
)
def test_a_connection_that_is_lost_with_a_mail_is_trouble_and_costs_an_attempt(error: OSError) -> None:
    outcome = smtp_errors.outcome(error)
    assert (outcome.status, outcome.tried, outcome.trouble) == ("pending", True, True)


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPSenderRefused(550, b"who are you", "no-reply@baraza.example"),
        smtplib.SMTPAuthenticationError(535, b"5.7.8 wrong password"),
        smtplib.SMTPHeloError(501, b"what is your name"),
    ],
)
def test_whoever_refuses_us_has_not_looked_at_the_mail(error: OSError) -> None:
    outcome = smtp_errors.outcome(error)
    assert (outcome.status, outcome.tried, outcome.trouble) == ("pending", False, True)


def test_an_error_never_repeats_the_address() -> None:
    for error in (rejected(550, GONE), rejected(550, GONE[6:]), smtplib.SMTPDataError(554, GONE)):
        assert ADDRESS not in (smtp_errors.outcome(error).error or "")
