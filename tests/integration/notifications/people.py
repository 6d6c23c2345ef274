"""The users service as notifications sees it: a real Nameko service whose accounts a test makes."""

from collections.abc import Collection
from typing import ClassVar

from chassis.contract import Empty
from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.rpc.entrypoint import rpc
from chassis.service import Service
from users.contract import ActiveRecipients, Channel, Contact, ContactList, Contacts, OptOut, Recipient, Recipients


class People:
    """Accounts in the order of their ids; all of them are active."""

    def __init__(self) -> None:
        self.accounts: dict[str, Contact] = {}
        self.failures: Collection[int] = []  # the calls, counted from 1, that fail
        self.asked: list[ActiveRecipients] = []
        self.calls = 0
        self.opted_out: list[str] = []  # phone numbers

    def add(self, name: str, *notify_by: Channel, phone: str | None = None) -> str:
        account = Contact(
            id=new_id(), username=name, email=f"{name}@example.org", phone=phone, notify_by=list(notify_by)
        )
        self.accounts[account.id] = account
        return account.id

    def change(self, user: str, **fields: object) -> None:
        self.accounts[user] = self.accounts[user].model_copy(update=fields)

    def close(self, user: str) -> None:
        del self.accounts[user]

    def answer(self) -> None:
        self.calls += 1
        if self.calls in self.failures:
            raise Unavailable("Users is having a bad moment.")


class UsersService(Service):
    """Keeps users.contract."""

    name = "users"
    people: ClassVar[People]

    @rpc
    def active_recipients(self, request: ActiveRecipients) -> Recipients:
        self.people.answer()
        self.people.asked.append(request)
        ids = [user for user in self.people.accounts if user > (request.after or "")]
        ids = [user for user in ids if request.ids is None or user in request.ids]
        page = ids[: request.limit]
        items = [Recipient(id=user, notify_by=self.people.accounts[user].notify_by) for user in page]
        return Recipients(items=items, next=page[-1] if len(ids) > request.limit else None)

    @rpc
    def contacts(self, request: Contacts) -> ContactList:
        self.people.answer()
        accounts = self.people.accounts
        return ContactList(items=[accounts[user] for user in request.ids if user in accounts])

    @rpc
    def opt_out(self, request: OptOut) -> Empty:
        self.people.answer()
        self.people.opted_out.append(request.phone)
        return Empty()
