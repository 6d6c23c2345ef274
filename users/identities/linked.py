"""The identities of an account: listed and removed by its owner."""

from sqlalchemy.orm import Session

from chassis.auth.caller import Caller
from users import contract
from users.accounts import history
from users.accounts import store as accounts_store
from users.contract import errors
from users.identities import store
from users.models import LinkedIdentity


def page(session: Session, caller: Caller) -> contract.LinkedIdentities:
    """Return the identities of the caller's account, the oldest first."""
    user = accounts_store.own(session, caller.require_user())
    items = [_listed(identity) for identity in store.of_account(session, user.id)]
    return contract.LinkedIdentities(items=items, has_password=user.has_password)


def remove(session: Session, caller: Caller, identity_id: str) -> None:
    """Remove an identity of the caller's account. Raises NotFound, and Conflict if the account would have none left."""
    user = accounts_store.own(session, caller.require_user(), lock=True)
    if not store.remove(session, user.id, identity_id):
        raise errors.no_identity()
    if not user.has_password and store.count(session, user.id) == 0:
        raise errors.password_required()
    history.record(session, user.id, "identity_removed", session_id=caller.session)


def _listed(identity: LinkedIdentity) -> contract.LinkedIdentity:
    """Return an entry of an account's list of identities."""
    return contract.LinkedIdentity(
        id=identity.id,
        issuer=identity.issuer,
        subject=identity.subject,
        created_at=identity.created_at,
        last_used_at=identity.last_used_at,
    )
