"""What other services ask about users."""

from chassis.auth.access import services
from chassis.contract.export import ExportUser
from chassis.rpc.entrypoint import rpc
from users import contract, export
from users.accounts import queries
from users.addresses import notices
from users.codes import sending
from users.entrypoints.dependencies import Dependencies
from users.sessions import recipients


class RecipientEntrypoints(Dependencies):
    """The methods for other services: who is active, addresses, names, messages to users, the export."""

    @rpc(services("notifications"))
    def active_recipients(self, request: contract.ActiveRecipients) -> contract.Recipients:
        """Return a page of the users whose account was open and who had a live session at a time, or at several."""
        with self.db.read() as session:
            return recipients.page(session, request)

    @rpc(services("deliveries"))
    def contacts(self, request: contract.Contacts) -> contract.ContactList:
        """Return the current addresses of the accounts that are open."""
        with self.db.read() as session:
            return queries.contacts(session, request, self.verification_policy)

    @rpc(services("gateway", "notifications"))
    def profiles(self, request: contract.Profiles) -> contract.ProfileList:
        """Return the profiles of accounts, open or closed; unknown ids are left out."""
        with self.db.read() as session:
            return queries.profiles(session, request)

    @rpc(services("deliveries"))
    def codes(self, request: contract.Codes) -> contract.CodeList:
        """Return one-time codes, with the addresses to which they have to be sent."""
        with self.db.read() as session:
            return sending.codes(session, self._secrets[0], request, self.verification_policy)

    @rpc(services("deliveries"))
    def security_notices(self, request: contract.SecurityNotices) -> contract.SecurityNoticeList:
        """Return what happened to accounts, with the addresses of the owners who have to be notified."""
        with self.db.read() as session:
            return notices.notices(session, self._secrets[0], request, self.verification_policy)

    @rpc(services("gateway"))
    def export(self, request: ExportUser) -> contract.UserData:
        """Return a page of what is stored about a user, without secrets."""
        with self.db.read() as session:
            return export.page(session, request)
