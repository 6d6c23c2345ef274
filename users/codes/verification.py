"""Verifies that e-mail addresses and phone numbers belong to the owner of the account."""

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Invalid, TooManyRequests
from users import contract
from users.accounts import history, serializers, store
from users.codes import issuing
from users.codes.issuing import Target
from users.contract import AccountEventKind, CodeChannel, CodePurpose, errors
from users.models import User

PURPOSES: dict[CodeChannel, CodePurpose] = {"email": "verify_email", "sms": "verify_phone"}
_RECORDED: dict[CodeChannel, AccountEventKind] = {"email": "email_verified", "sms": "phone_verified"}


def request(session: Session, user_id: str, channel: CodeChannel, client: str | None) -> None:
    """Issue a code for the address of a channel. Raises Invalid, Conflict, TooManyRequests."""
    user = store.own(session, user_id)
    address = user.address(channel)
    if address is None:
        raise Invalid.field("channel", "the account has no phone number")
    if user.verified_at(channel) is not None:
        raise errors.already_verified()
    issuing.issue(session, Target(user.id, channel, address), PURPOSES[channel], client)


def welcome(session: Session, user: User) -> None:
    """Issue a code for the e-mail address of a new account, unless too many went to its mailbox.

    The account is opened in any case; its owner can ask for a code later.
    """
    with suppress(TooManyRequests), session.begin_nested():
        issuing.issue(session, Target(user.id, "email", user.email), PURPOSES["email"])


def confirm(
    db: UnitOfWork, secrets: Sequence[str], user_id: str, session_id: str | None, request: contract.ConfirmVerification
) -> contract.NamedAccount:
    """Record that the user has received the code. Raises Invalid."""
    purpose = PURPOSES[request.channel]
    with db.write() as session:
        code_id = issuing.find(session, secrets, user_id, purpose, request.code)
    if code_id is None:
        raise issuing.wrong()

    def confirm_once(session: Session) -> contract.NamedAccount:
        user = store.own(session, user_id, lock=True)
        address = issuing.consume(session, user.id, purpose, code_id)
        issuing.require_own(user, address)
        verify(session, user, request.channel, session_id)
        return serializers.named_account(user)

    with issuing.using(purpose):
        return db.once(contract.NamedAccount, confirm_once)


def verify(session: Session, user: User, channel: CodeChannel, session_id: str | None = None) -> None:
    """Let the address of a channel count as verified; without a session an operator did it."""
    user.set_verified(channel, clock.now())
    history.record(session, user.id, _RECORDED[channel], session_id=session_id)
