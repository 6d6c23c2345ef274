"""A Nameko service with the users service's RPC methods, for accounts that a test creates."""

from collections.abc import Collection
from typing import ClassVar

from chassis.contract import Empty
from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.rpc.entrypoint import rpc
from chassis.service import Service
from users.contract import (
    ActiveRecipients,
    Channel,
    CodeList,
    Codes,
    Contact,
    ContactList,
    Contacts,
    IssuedCode,
    OptOut,
    Recipient,
    RecipientGroup,
    Recipients,
    SecurityNoticeDetails,
    SecurityNoticeList,
    SecurityNotices,
)


class Accounts:
    """Active accounts, in the order of their ids, and the calls about them."""

    def __init__(self) -> None:
        self.contacts: dict[str, Contact] = {}
        self.failing_calls: Collection[int] = []  # counted from 1
        self.calls = 0
        self.recipient_requests: list[ActiveRecipients] = []
        self.inactive: dict[str, list[int]] | None = {}  # None: users is of the release 0.1.0
        self.opted_out: list[str] = []  # phone numbers
        self.codes: dict[str, IssuedCode] = {}
        self.notices: dict[str, SecurityNoticeDetails] = {}

    def add(self, name: str, *notify_by: Channel, phone: str | None = None) -> str:
        """Add an active account; return its id."""
        account = Contact(
            id=new_id(), username=name, email=f"{name}@example.org", phone=phone, notify_by=list(notify_by)
        )
        self.contacts[account.id] = account
        return account.id

    def change(self, user: str, **fields: object) -> None:
        self.contacts[user] = self.contacts[user].model_copy(update=fields)

    def close(self, user: str) -> None:
        del self.contacts[user]

    def count_call(self) -> None:
        self.calls += 1
        if self.calls in self.failing_calls:
            raise Unavailable("users is unavailable")


class UsersService(Service):
    """Serves the accounts."""

    name = "users"
    accounts: ClassVar[Accounts]

    @rpc
    def active_recipients(self, request: ActiveRecipients) -> Recipients:
        self.accounts.count_call()
        self.accounts.recipient_requests.append(request)
        ids = [user for user in self.accounts.contacts if user > (request.after or "")]
        ids = [user for user in ids if request.ids is None or user in request.ids]
        page = ids[: request.limit]
        items = [Recipient(id=user, notify_by=self.accounts.contacts[user].notify_by) for user in page]
        after = page[-1] if len(ids) > request.limit else None
        if self.accounts.inactive is None or not request.grouped:
            return Recipients(items=items, next=after)
        groups = [RecipientGroup(ids=[user.id], notify_by=user.notify_by) for user in items]
        inactive = None if request.moments is None else self.accounts.inactive
        return Recipients(items=[], groups=groups, next=after, inactive=inactive)

    @rpc
    def contacts(self, request: Contacts) -> ContactList:
        self.accounts.count_call()
        contacts = self.accounts.contacts
        return ContactList(items=[contacts[user] for user in request.ids if user in contacts])

    @rpc
    def codes(self, request: Codes) -> CodeList:
        self.accounts.count_call()
        codes = self.accounts.codes
        return CodeList(items=[codes[code] for code in request.ids if code in codes])

    @rpc
    def security_notices(self, request: SecurityNotices) -> SecurityNoticeList:
        self.accounts.count_call()
        notices = self.accounts.notices
        return SecurityNoticeList(items=[notices[notice] for notice in request.ids if notice in notices])

    @rpc
    def opt_out(self, request: OptOut) -> Empty:
        self.accounts.count_call()
        self.accounts.opted_out.append(request.phone)
        return Empty()
