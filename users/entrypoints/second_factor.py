"""The second factor of logins. All methods are idempotent with a key."""

from functools import partial

from chassis.auth.access import USER
from chassis.contract import Empty
from chassis.rpc.entrypoint import rpc
from users import contract
from users.entrypoints.dependencies import Dependencies
from users.second_factor import factor


class SecondFactorEntrypoints(Dependencies):
    """The methods about second factors."""

    @rpc(USER)
    def begin_second_factor(self, request: contract.BeginSecondFactor) -> contract.SecondFactorSecret:
        """Return a new secret for an authenticator app; without effect until it is confirmed."""
        if first := self.db.previous_reply(contract.SecondFactorSecret):
            return first
        return factor.begin(self.db, self.hasher, self._limits.session, self.caller, request)

    @rpc(USER)
    def confirm_second_factor(self, request: contract.ConfirmSecondFactor) -> contract.RecoveryCodes:
        """Require a second factor at the caller's logins; return the recovery codes."""
        recovery_codes = self.db.once(
            contract.RecoveryCodes, partial(factor.confirm, caller=self.caller, request=request)
        )
        self._refresh_sessions(self.caller.require_user())
        return recovery_codes

    @rpc(USER)
    def remove_second_factor(self, request: contract.RemoveSecondFactor) -> Empty:
        """Remove the caller's second factor."""
        if not self.db.previous_reply(Empty):
            factor.remove(self.db, self.hasher, self._limits.session, self.caller, request)
        self._refresh_sessions(self.caller.require_user())
        return Empty()
