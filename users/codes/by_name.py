"""Codes that a client without a session requests, by the name of an account.

The answer is the same for known and unknown names, and so are the statements: a code is issued in both cases. One for
an unknown name, a closed account or an address that is not verified goes nowhere.
"""

from sqlalchemy.orm import Session

from users import contract, names, store
from users.codes import issuing
from users.codes.issuing import Target
from users.contract import CodePurpose
from users.credentials import login_attempts
from users.models import User

Request = contract.ClientRequestPasswordReset | contract.ClientRequestLoginCode


def request(session: Session, request: Request, purpose: CodePurpose) -> None:
    """Issue a code. Raises TooManyRequests."""
    account, user = find(session, request.name)
    address = user.address(request.channel) if user else None
    issuing.issue(session, Target(account, request.channel, address or ""), purpose, request.address)


def find(session: Session, name: str) -> tuple[str, User | None]:
    """Return the account of a name, and its user; without one the account is a digest of the name."""
    key = names.login_key(name)
    user = store.find(session, User.email_key == key if "@" in key else User.username_key == key)
    return (user.id if user else login_attempts.name_digest(key)), user
