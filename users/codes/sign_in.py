"""Signs in on a new device by a code to the account's e-mail address or phone number, and the password.

A login with a right code is not delayed by wrong passwords of other clients, because it is not counted with them.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from chassis.db.unit_of_work import UnitOfWork
from users import contract
from users.accounts import store
from users.codes import by_name, issuing
from users.codes import store as codes_store
from users.contract import CodePurpose
from users.credentials import authentication, failed_logins
from users.credentials.authentication import VerifiedPassword
from users.credentials.failed_logins import LoginLimits
from users.credentials.hashing import Hasher
from users.models import User

PURPOSE: CodePurpose = "sign_in"


def verify(
    db: UnitOfWork, hasher: Hasher, secrets: Sequence[str], limits: LoginLimits, request: contract.ClientLogin
) -> tuple[VerifiedPassword, str | None]:
    """Verify the code of a login, if it has one, and the password; return also the id of the code.

    Raises Invalid for a wrong code, otherwise as `verify_login` does.
    """
    if not request.code:
        return authentication.verify_login(db, hasher, limits, request), None
    hasher.require_capacity()
    with db.write() as session:
        account, _ = by_name.find(session, request.name)
        code_id = issuing.find(session, secrets, account, PURPOSE, request.code)
    if code_id is None:
        raise issuing.wrong()
    subject = failed_logins.one_time_code_subject(account, PURPOSE)
    return authentication.verify_login(db, hasher, limits, request, subject), code_id


def consume(session: Session, user_id: str, code_id: str) -> None:
    """Delete the code of a login that succeeds, at the start of its transaction. Raises Invalid."""
    user = store.find(session, User.id == user_id, lock=True)
    with issuing.using(PURPOSE):
        address = codes_store.consume(session, code_id)
        if user is None:
            raise issuing.wrong()
        issuing.require_own(user, address)
