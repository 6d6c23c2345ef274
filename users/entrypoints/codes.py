"""One-time codes, which verify addresses and set new passwords. All methods are idempotent with a key."""

from functools import partial

from chassis.auth.access import USER
from chassis.contract import Empty
from chassis.rpc.entrypoint import rpc
from users import contract
from users.codes import by_name, password_reset, sign_in, verification
from users.entrypoints.dependencies import Dependencies


class CodeEntrypoints(Dependencies):
    """The methods about one-time codes."""

    @rpc(USER)
    def request_verification(self, request: contract.ClientRequestVerification) -> Empty:
        """Send a code to the caller's e-mail address or phone number."""
        user_id = self.caller.require_user()
        return self.db.run_once(
            partial(verification.request, user_id=user_id, channel=request.channel, client=request.address)
        )

    @rpc(USER)
    def confirm_verification(self, request: contract.ConfirmVerification) -> contract.NamedAccount:
        """Record that the caller received the code."""
        if first := self.db.previous_reply(contract.NamedAccount):
            return first
        return verification.confirm(self.db, self._secrets, self.caller.require_user(), self.caller.session, request)

    @rpc
    def request_password_reset(self, request: contract.ClientRequestPasswordReset) -> Empty:
        """Send a code to an account's verified address; unknown names have the same reply."""
        return self.db.run_once(partial(by_name.request, request=request, purpose=password_reset.PURPOSE))

    @rpc
    def request_login_code(self, request: contract.ClientRequestLoginCode) -> Empty:
        """Send a code for a login on a new device to an account's verified address, as for a password reset."""
        return self.db.run_once(partial(by_name.request, request=request, purpose=sign_in.PURPOSE))

    @rpc
    def confirm_password_reset(self, request: contract.ConfirmPasswordReset) -> Empty:
        """Set a new password by a code; ends all sessions of the account."""
        changed = self.db.previous_reply(contract.GetUser) or password_reset.confirm(
            self.db, self.hasher, self._secrets, request
        )
        self._refresh_sessions(changed.id)
        return Empty()
