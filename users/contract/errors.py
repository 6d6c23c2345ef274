"""The errors of users that clients of the gateway get; its route table names them, for the documentation."""

from chassis.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests, Unauthenticated, Unavailable

# Logins


def bad_credentials() -> Unauthenticated:
    """Return the error for everything that can be wrong at a login."""
    return Unauthenticated("User name or password is wrong.", "bad_credentials")


def second_factor_required() -> Unauthenticated:
    """Return the error for a login without the code that it needs."""
    return Unauthenticated("Send the code of your authenticator app as `otp`.", "second_factor_required")


def bad_second_factor() -> Unauthenticated:
    """Return the error for a login with a wrong code of the second factor."""
    return Unauthenticated("The code is wrong, or was used before.", "bad_code")


def wait_after_wrong_passwords(seconds: int | None = None) -> TooManyRequests:
    """Return the error for a client that has to wait."""
    return TooManyRequests("There were many wrong passwords; wait a little.", None, (), seconds)


def too_many_failures(seconds: int | None = None) -> TooManyRequests:
    """Return the error for a login on an unknown device while the account accepts none without a code."""
    return TooManyRequests(
        "There were too many wrong passwords from unknown devices. A code lets you sign in now: ask for one with"
        " POST /login-code/, and send it as `code` with the login.",
        "too_many_failures",
        (),
        seconds,
    )


def too_many_codes(seconds: int | None = None) -> TooManyRequests:
    """Return the error for one-time codes that are requested or entered too often."""
    return TooManyRequests("There were too many codes; wait a little.", "too_many_codes", (), seconds)


# Accounts


def registration_closed() -> Forbidden:
    """Return the error where no one may open an account."""
    return Forbidden("No account can be opened here.", "registration_closed")


def invitation_required() -> Forbidden:
    """Return the error for a registration without the invitation that it needs."""
    return Forbidden("An account can be opened with an invitation only.", "invitation_required")


def invitation_invalid() -> Forbidden:
    """Return the error for everything that can be wrong with an invitation."""
    return Forbidden("This invitation is used, expired, or for another address.", "invitation_invalid")


def taken(field: str) -> Conflict:
    """Return the error for a value that another account has."""
    return Conflict(f"This {field} is taken.", f"{field}_taken", [{"field": field, "message": "is taken"}])


def already_verified() -> Conflict:
    """Return the error for a code that would verify a verified address."""
    return Conflict("This address is verified already.", "already_verified")


def restore_link_invalid() -> NotFound:
    """Return the error for everything that can be wrong with the link in a mail."""
    return NotFound("This link is used, expired or not complete.", "restore_link_invalid")


# Second factors


def second_factor_exists() -> Conflict:
    """Return the error for a second one."""
    return Conflict("This account has a second factor already.", "second_factor_exists")


def second_factor_not_begun() -> Conflict:
    """Return the error for a code without a secret that it could confirm."""
    return Conflict("There is no second factor to confirm.", "second_factor_not_begun")


def no_second_factor() -> NotFound:
    """Return the error for an account without a second factor."""
    return NotFound("This account has no second factor.")


# The identity provider


def no_identity_provider() -> NotFound:
    """Return the error where no provider is configured."""
    return NotFound("No identity provider is configured here.", "identity_provider_not_configured")


def identity_provider_unavailable(detail: str = "The identity provider is unavailable.") -> Unavailable:
    """Return the error for trouble of the provider."""
    return Unavailable(detail, "identity_provider_unavailable")


def bad_state() -> Invalid:
    """Return the error for everything that can be wrong with a sign-in that was begun."""
    return Invalid.field("state", "is unknown, used or expired; begin again", "bad_state")


def identity_code_rejected() -> Invalid:
    """Return the error for a code that is not of this sign-in, expired, or used."""
    return Invalid.field("code", "was rejected by the identity provider; begin again", "identity_code_rejected")


def not_your_sign_in() -> Forbidden:
    """Return the error for a sign-in that another account began."""
    return Forbidden("Finish in a session of the account that began to link the identity.", "not_your_sign_in")


def identity_without_email() -> Forbidden:
    """Return the error for an identity without a verified address, which a new account needs."""
    return Forbidden(
        "The identity provider has not verified your e-mail address, or does not send it.", "identity_without_email"
    )


def account_deleted() -> Unauthenticated:
    """Return the error for a request whose account was deleted after its token was checked."""
    return Unauthenticated("This account was deleted.", "invalid_token")


def email_not_usable() -> Forbidden:
    """Return the error for an identity whose address no account may have."""
    return Forbidden("An account here cannot have your e-mail address.", "email_not_usable")


def email_not_verified() -> Conflict:
    """Return the error for an identity whose address an account has and has not verified."""
    return Conflict(
        "The account with this e-mail address has not verified it. Sign in to the account and verify it.",
        "email_not_verified",
    )


def identity_taken() -> Conflict:
    """Return the error for an identity of another account."""
    return Conflict("This identity is linked to another account.", "identity_taken")


def no_identity() -> NotFound:
    """Return the error for an identity that the account does not have."""
    return NotFound("There is no such identity.")


def password_required() -> Conflict:
    """Return the error for the removal of the last way to sign in."""
    return Conflict("Set a password first: nothing else would be left to sign in with.", "password_required")
