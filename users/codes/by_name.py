"""Codes that a client without a session requests, by the name of an account.

The answer is the same for known and unknown names, and so are the statements: a code is issued in both cases. One for
an unknown name, a closed account or an address that is not verified goes nowhere.
"""

from sqlalchemy.orm import Session

from users import contract
from users.accounts import names, store
from users.accounts.store import Names
from users.codes import issuing
from users.codes.issuing import Target
from users.contract import CodePurpose
from users.credentials import login_attempts

NOBODY = Names("", "", "", None)
Request = contract.ClientRequestPasswordReset | contract.ClientRequestLoginCode


def request(session: Session, request: Request, purpose: CodePurpose) -> None:
    """Issue a code. Raises TooManyRequests."""
    account, found = find(session, request.name)
    target = Target(account, request.channel, found.address(request.channel))
    issuing.issue(session, target, purpose, request.address, hide_full=True)


def find(session: Session, name: str) -> tuple[str, Names]:
    """Return the account of a name, and its names; without one the account is a digest of the name."""
    key = names.login_key(name)
    digest = login_attempts.name_digest(key)  # always: both cases take as long
    found = store.names_of(session, key)
    return (found.id, found) if found else (digest, NOBODY)
