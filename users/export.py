"""What this service stores about a user, for the export of the user's data."""

from sqlalchemy import func, join, select
from sqlalchemy.orm import Session

from chassis.contract.export import ExportUser
from chassis.db import export
from chassis.db.export import Section
from chassis.errors import NotFound
from chassis.ids import time_of
from users import contract
from users.models import (
    AccountEvent,
    EmailChange,
    FailedLogins,
    Invitation,
    LinkedIdentity,
    OneTimeCode,
    RecoveryCode,
    SecondFactor,
    User,
    UserSession,
    account_of_subject,
)

_UNUSED_CODES = (
    select(func.count()).where(RecoveryCode.user_id == SecondFactor.user_id).correlate(SecondFactor).scalar_subquery()
)

SECTIONS = (
    Section(
        "account",
        contract.ExportedAccount,
        {
            "id": User.id,
            "username": User.username,
            "created_at": User.created_at,
            "email": User.email,
            "phone": User.phone,
            "notify_by": User.notify_by,
            "is_active": User.is_active,
            "is_staff": User.is_staff,
            "email_verified_at": User.email_verified_at,
            "phone_verified_at": User.phone_verified_at,
            "username_changed_at": User.username_changed_at,
            "password_changed_at": User.password_changed_at,
            "deactivated_at": User.deactivated_at,
            "second_factor_since": User.second_factor_since,
        },
        User.id,
        (User.id,),
        derived={"second_factor": lambda row: row["second_factor_since"] is not None},
    ),
    Section(
        "sessions",
        contract.ExportedSession,
        {
            "id": UserSession.id,
            "created_at": UserSession.created_at,
            "last_seen_at": UserSession.last_seen_at,
            "expires_at": UserSession.expires_at,
            "revoked_at": UserSession.revoked_at,
            "user_agent": UserSession.user_agent,
        },
        UserSession.user_id,
        (UserSession.id,),
    ),
    Section(
        "account_events",
        contract.AccountEvent,
        {
            "id": AccountEvent.id,
            "kind": AccountEvent.kind,
            "session_id": AccountEvent.session_id,
            "address": AccountEvent.address,
            "user_agent": AccountEvent.user_agent,
        },
        AccountEvent.user_id,
        (AccountEvent.id,),
        derived={"created_at": lambda row: time_of(row["id"])},
    ),
    Section(
        "codes",
        contract.ExportedCode,
        {
            "purpose": OneTimeCode.purpose,
            "channel": OneTimeCode.channel,
            "address": OneTimeCode.address,
            "tries": OneTimeCode.tries,
            "issued_at": OneTimeCode.issued_at,
            "expires_at": OneTimeCode.expires_at,
        },
        OneTimeCode.account,
        (OneTimeCode.purpose,),
    ),
    Section(
        "second_factors",
        contract.ExportedSecondFactor,
        {"created_at": SecondFactor.created_at, "recovery_codes": _UNUSED_CODES},
        SecondFactor.user_id,
        (SecondFactor.user_id,),
    ),
    Section(
        "identities",
        contract.ExportedIdentity,
        {
            "issuer": LinkedIdentity.issuer,
            "subject": LinkedIdentity.subject,
            "created_at": LinkedIdentity.created_at,
            "last_used_at": LinkedIdentity.last_used_at,
        },
        LinkedIdentity.user_id,
        (LinkedIdentity.id,),
    ),
    Section(
        "email_changes",
        contract.ExportedEmailChange,
        {"email": EmailChange.email, "changed_at": EmailChange.changed_at},
        EmailChange.user_id,
        (EmailChange.id,),
    ),
    Section(
        "invitations",
        contract.ExportedInvitation,
        {"expires_at": Invitation.expires_at},
        User.id,
        (Invitation.token_hash,),
        source=join(Invitation, User, Invitation.email_key == User.email_key),
    ),
    Section(
        "failed_logins",
        contract.ExportedFailedLogins,
        {
            "kind": func.split_part(FailedLogins.subject, ":", 1),
            "failures": FailedLogins.failures,
            "since": FailedLogins.since,
            "failed_at": FailedLogins.failed_at,
            "open_at": FailedLogins.open_at,
        },
        account_of_subject,
        (FailedLogins.subject,),
    ),
)

# What is not exported, by table or column, and why.
LEFT_OUT = export.LEFT_OUT | {
    "users.username_key": "the user name in lower case, for comparisons",
    "users.email_key": "the address in lower case, for comparisons",
    "users.password_hash": "secret",
    "users.password_unset_at": "the same as `password_changed_at` if the account has no password",
    "users.unsubscribe_token": "secret: in the links of mails",
    "sessions.token_hash": "secret",
    "sessions.address": "a digest, to recognise the client",
    "sessions.device": "a digest, to recognise the client",
    "codes.id": "secret: the digits are computed from it",
    "second_factors.secret": "secret",
    "second_factors.last_step": "the last used code of the app, so that it is not used twice",
    "identities.id": "a number for the order",
    "email_changes.id": "exported in `account_events`",
    "email_changes.email_key": "the address in lower case, for comparisons",
    "provider_sign_ins": "sign-ins that are not finished, for ten minutes",
    "recovery_codes.user_id": "exported as their number",
    "recovery_codes.digest": "secret; exported as their number",
    "invitations.token_hash": "secret",
    "invitations.email_key": "the address in lower case, for comparisons",
    "guesses.subject": "digests, to recognise the client; exported as `kind`",
}


def page(session: Session, request: ExportUser) -> contract.UserData:
    """Return a page of what is stored about a user. Raises NotFound if the account was deleted."""
    if session.get(User, request.user_id) is None:
        raise NotFound("There is no such account.")
    return contract.UserData(**export.page(session, SECTIONS, request))
