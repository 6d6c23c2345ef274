"""Verifies that e-mail addresses and phone numbers belong to the owner of the account."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from chassis import clock
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Conflict, Invalid
from users import contract, history, serializers, store
from users.codes import issuing
from users.codes.issuing import Target
from users.contract import CodeChannel, CodePurpose
from users.models import User

PURPOSES: dict[CodeChannel, CodePurpose] = {"email": "verify_email", "sms": "verify_phone"}
REQUIRED = "required"  # value of `users.verification`; with any other, all addresses count as verified


def request(session: Session, user_id: str, channel: CodeChannel, client: str | None) -> None:
    """Issue a code for the address of a channel. Raises Invalid, Conflict, TooManyRequests."""
    user = store.get(session, User.id == user_id)
    address = user.address(channel)
    if address is None:
        raise Invalid.field("channel", "the account has no phone number")
    if user.verified_at(channel) is not None:
        raise Conflict("This address is verified already.", "already_verified")
    issuing.issue(session, Target(user.id, channel, address), PURPOSES[channel], client)


def confirm(
    db: UnitOfWork, secrets: Sequence[str], user_id: str, session_id: str | None, request: contract.ConfirmVerification
) -> contract.NamedAccount:
    """Record that the user has received the code. Raises Invalid."""
    purpose = PURPOSES[request.channel]
    with db.write() as session:
        code_id = issuing.find(session, secrets, user_id, purpose, request.code)
    if code_id is None:
        raise issuing.wrong()
    with db.write() as session:
        user = store.get(session, User.id == user_id, lock=True)
        address = issuing.consume(session, user.id, purpose, code_id)
        if address is None or address != user.address(request.channel):
            raise issuing.wrong()
        if request.channel == "email":
            user.email_verified_at = clock.now()
            history.record(session, user.id, "email_verified", session_id=session_id)
        else:
            user.phone_verified_at = clock.now()
            history.record(session, user.id, "phone_verified", session_id=session_id)
        return serializers.named_account(user)
