"""What operators and staff do with accounts."""

from collections.abc import Callable

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from chassis.auth.access import OPERATORS, STAFF
from chassis.rpc.entrypoint import rpc
from users import contract, store
from users.accounts import admin, trust
from users.entrypoints.dependencies import Dependencies
from users.models import User

Change = Callable[[Session, ColumnElement[bool]], contract.Account]  # of the account that meets a condition


class OperatorEntrypoints(Dependencies):
    """The methods of operators and staff."""

    @rpc(OPERATORS)
    def set_staff(self, request: contract.SetStaff) -> contract.Account:
        """Grant or revoke staff rights; live sessions have the new rights at once."""
        with self.db.write() as session:
            account = admin.set_staff(session, request)
        self._refresh_sessions(account.id)
        return account

    @rpc(OPERATORS)
    def set_active(self, request: contract.SetActive) -> contract.Account:
        """Close an account by its user name and end its sessions, or reopen it."""
        change = admin.reopen if request.is_active else admin.close
        return self._change(change, store.has_username(request.username))

    @rpc(STAFF)
    def deactivate(self, request: contract.GetUser) -> contract.Account:
        """Close an account and end its sessions."""
        return self._change(admin.close, User.id == request.id)

    @rpc(STAFF)
    def reactivate(self, request: contract.GetUser) -> contract.Account:
        """Reopen an account."""
        return self._change(admin.reopen, User.id == request.id)

    @rpc(OPERATORS)
    def unlock(self, request: contract.Unlock) -> contract.Account:
        """Reset the failed logins at an account."""
        with self.db.write() as session:
            return admin.unlock(session, request)

    @rpc(OPERATORS)
    def reset_second_factor(self, request: contract.ResetSecondFactor) -> contract.Account:
        """Remove the second factor of an account whose owner lost it."""
        with self.db.write() as session:
            account = admin.reset_second_factor(session, request)
        self._refresh_sessions(account.id)
        return account

    @rpc(OPERATORS)
    def trust_addresses(self, request: contract.TrustAddresses) -> contract.TrustedAddresses:
        """Let the addresses of accounts that were registered before a time count as verified."""
        return trust.trust(self.db, request)

    def _change(self, change: Change, condition: ColumnElement[bool]) -> contract.Account:
        with self.db.write() as session:
            account = change(session, condition)
        self._refresh_sessions(account.id)
        return account
