"""The users service: accounts, credentials and sessions."""

from chassis.timers import timer
from users.accounts import history
from users.addresses import changes
from users.codes import issuing
from users.credentials import failed_logins_store
from users.entrypoints.accounts import AccountEntrypoints
from users.entrypoints.codes import CodeEntrypoints
from users.entrypoints.identities import IdentityEntrypoints
from users.entrypoints.operators import OperatorEntrypoints
from users.entrypoints.recipients import RecipientEntrypoints
from users.entrypoints.second_factor import SecondFactorEntrypoints
from users.entrypoints.sessions import SessionEntrypoints
from users.identities import store as identities_store
from users.management import invitations
from users.sessions import store as session_store

CLEANUP_INTERVAL = 60  # seconds
CLEANUP_BATCH = 1000  # rows deleted in a transaction


class UsersService(
    AccountEntrypoints,
    SessionEntrypoints,
    CodeEntrypoints,
    SecondFactorEntrypoints,
    IdentityEntrypoints,
    RecipientEntrypoints,
    OperatorEntrypoints,
):
    """Users: registration, login, accounts, and who was active at a time."""

    name = "users"

    @timer(CLEANUP_INTERVAL)
    def clean(self) -> None:
        """Delete old sessions, failed logins, events, invitations, codes, sign-ins and changed addresses."""
        for module in (session_store, failed_logins_store, history, invitations, issuing, identities_store, changes):
            self.db.in_batches(module.delete_old, CLEANUP_BATCH)
