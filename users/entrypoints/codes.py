"""One-time codes, which verify addresses and set new passwords."""

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
        with self.db.write() as session:
            verification.request(session, self.caller.require_user(), request.channel, request.address)
        return Empty()

    @rpc(USER)
    def confirm_verification(self, request: contract.ConfirmVerification) -> contract.NamedAccount:
        """Record that the caller received the code."""
        user_id = self.caller.require_user()
        return verification.confirm(self.db, self._secrets, user_id, self.caller.session, request)

    @rpc
    def request_password_reset(self, request: contract.ClientRequestPasswordReset) -> Empty:
        """Send a code to an account's verified address; unknown names have the same reply."""
        with self.db.write() as session:
            by_name.request(session, request, password_reset.PURPOSE)
        return Empty()

    @rpc
    def request_login_code(self, request: contract.ClientRequestLoginCode) -> Empty:
        """Send a code for a login on a new device to an account's verified address, as for a password reset."""
        with self.db.write() as session:
            by_name.request(session, request, sign_in.PURPOSE)
        return Empty()

    @rpc
    def confirm_password_reset(self, request: contract.ConfirmPasswordReset) -> Empty:
        """Set a new password by a code; ends all sessions of the account."""
        user_id = password_reset.confirm(self.db, self.hasher, self._secrets, request)
        self._refresh_sessions(user_id)
        return Empty()
