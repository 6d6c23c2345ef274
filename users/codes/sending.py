"""Gives the deliveries service the codes that it has to send."""

from sqlalchemy.orm import Session

from users import contract
from users.accounts import names
from users.accounts.verification_policy import VerificationPolicy
from users.codes import digits, password_reset, sign_in, store
from users.models import OneTimeCode, User


def codes(session: Session, secret: str, request: contract.Codes, policy: VerificationPolicy) -> contract.CodeList:
    """Return the codes that are valid and may be sent."""
    items = [
        contract.IssuedCode(
            id=code.id,
            user_id=user.id,
            username=user.username,
            channel=code.channel,
            address=names.ascii_email(code.address) if code.channel == "email" else code.address,
            purpose=code.purpose,
            code=digits.compute(secret, code.id),
        )
        for code, user in store.live(session, request.ids)
        if _may_be_sent(code, user, policy)
    ]
    return contract.CodeList(items=items)


def _may_be_sent(code: OneTimeCode, user: User, policy: VerificationPolicy) -> bool:
    """Return whether the address is still that of the account; a code that gives access needs a verified one."""
    if code.address != user.address(code.channel):
        return False
    return code.purpose not in {password_reset.PURPOSE, sign_in.PURPOSE} or policy.accepts(user, code.channel)
