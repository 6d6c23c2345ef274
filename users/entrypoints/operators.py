"""What operators and staff do with accounts. All writes are idempotent with a key."""

from collections.abc import Callable
from functools import partial

from sqlalchemy.orm import Session

from chassis.auth.access import OPERATORS, STAFF
from chassis.rpc.entrypoint import rpc
from users import contract
from users.accounts import store
from users.entrypoints.dependencies import Dependencies
from users.management import admin, trust
from users.models import User


class OperatorEntrypoints(Dependencies):
    """The methods of operators and staff."""

    @rpc(OPERATORS)
    def set_staff(self, request: contract.SetStaff) -> contract.Account:
        """Grant or revoke staff rights; live sessions have the new rights at once."""
        return self._change(partial(admin.set_staff, request=request))

    @rpc(OPERATORS)
    def set_active(self, request: contract.SetActive) -> contract.Account:
        """Close an account by its user name and end its sessions, or reopen it."""
        change = admin.reopen if request.is_active else admin.close
        return self._change(partial(change, condition=store.has_username(request.username)))

    @rpc(STAFF)
    def deactivate(self, request: contract.GetUser) -> contract.Account:
        """Close an account and end its sessions."""
        return self._change(partial(admin.close, condition=User.id == request.id))

    @rpc(STAFF)
    def reactivate(self, request: contract.GetUser) -> contract.Account:
        """Reopen an account."""
        return self._change(partial(admin.reopen, condition=User.id == request.id))

    @rpc(OPERATORS)
    def unlock(self, request: contract.Unlock) -> contract.Account:
        """Reset the failed logins at an account."""
        return self.db.once(contract.Account, partial(admin.unlock, request=request))

    @rpc(OPERATORS)
    def reset_second_factor(self, request: contract.ResetSecondFactor) -> contract.Account:
        """Remove the second factor of an account whose owner lost it."""
        return self._change(partial(admin.reset_second_factor, request=request))

    @rpc(OPERATORS)
    def trust_addresses(self, request: contract.TrustAddresses) -> contract.TrustedAddresses:
        """Let the addresses of accounts that were registered before a time count as verified."""
        return trust.trust(self.db, request)

    def _change(self, change: Callable[[Session], contract.Account]) -> contract.Account:
        """Change an account, then its live sessions, which have its rights."""
        account = self.db.once(contract.Account, change)
        self._refresh_sessions(account.id)
        return account
