"""The users service: accounts, passwords, sessions."""

from nameko.dependency_providers import Config
from nameko.timer import timer

from chassis import clock
from chassis.auth.access import OPERATORS, STAFF, USER, services
from chassis.contract import Empty, cursor
from chassis.db.database import Database
from chassis.errors import NotFound
from chassis.rpc.entrypoint import rpc
from chassis.service import Service
from users import contract, names, serializers, store
from users.accounts import admin, erasure, registration, updates
from users.credentials import authentication, failed_logins, failed_logins_store
from users.credentials.failed_logins import Rules
from users.credentials.hashing import Hashing
from users.models import Base, User, UserSession
from users.sessions import lifecycle
from users.sessions.cache import LiveSessionsProvider
from users.sessions.lifecycle import Lives

CLEANING = 60  # seconds
CLEANED = 1000  # rows at a time, so that no lock is held for long


class UsersService(Service):
    """People: who they are, how they prove it, and who is here."""

    name = "users"

    config = Config()
    db = Database(Base, "users")
    hasher = Hashing()
    live = LiveSessionsProvider()

    @rpc
    def register(self, request: contract.Register) -> contract.Account:
        """Open an account; a keyed write."""
        user = registration.new_user(request, self.hasher)
        return self.db.once(contract.Account, lambda session: registration.open_account(session, user))

    @rpc
    def login(self, request: contract.SignIn) -> contract.Session:
        """Start a session; the reply has the token, this once. Wrong passwords are counted."""
        proof = authentication.at_login(self.db, self.hasher, self._rules, request)
        with self.db.write() as session:
            started, identity = lifecycle.start(session, request, proof, self._lives)
        self.live.add(contract.token_hash(started.token), identity)
        return started

    @rpc(USER)
    def logout(self, request: contract.Logout) -> Empty:
        """End the caller's session, or all of the caller's."""
        user_id = self.caller.require_user()
        with self.db.write() as session:
            lifecycle.sign_out(session, self.caller, everywhere=request.everywhere)
        self._publish_sessions(user_id)
        return Empty()

    @rpc(USER)
    def sessions(self, request: contract.ListSessions) -> contract.SessionPage:
        """Return a page of the caller's live sessions, newest first."""
        with self.db.read() as session:
            return lifecycle.page(session, self.caller, request)

    @rpc(USER)
    def end_session(self, request: contract.EndSession) -> Empty:
        """End one of the caller's live sessions."""
        user_id = self.caller.require_user()
        with self.db.write() as session:
            ended = lifecycle.end(session, user_id, UserSession.id == request.id)
        self._publish_sessions(user_id)
        if not ended:
            raise NotFound("There is no such session.")
        return Empty()

    @rpc(USER)
    def update_account(self, request: contract.UpdateAccount) -> contract.Account:
        """Change what is given of the caller's account."""
        user_id = self.caller.require_user()
        change = updates.wanted(self.db, self.hasher, self._rules.account, user_id, request)
        account = self.db.once(contract.Account, lambda session: updates.apply(session, self.caller, change))
        self._publish_sessions(user_id)
        return account

    @rpc(USER)
    def delete_account(self, request: contract.DeleteAccount) -> Empty:
        """Delete the caller's account and tell the others to erase what they have of this person."""
        user_id = self.caller.require_user()
        proven = authentication.within_session(self.db, self.hasher, self._rules.account, user_id, request.password)
        with self.db.write() as session:
            token_hashes = erasure.erase(session, user_id, proven)
        self.live.end(token_hashes)
        return Empty()

    @rpc
    def detail(self, request: contract.GetUser) -> contract.Profile:
        """Return a profile; to its owner, staff and operators the account."""
        with self.db.read() as session:
            return serializers.as_seen_by(self.caller, store.get(session, User.id == request.id))

    @rpc
    def all(self, request: contract.ListUsers) -> contract.ProfilePage:
        """Return a page of the profiles of open accounts, newest first."""
        before = cursor.decode(request.cursor)
        with self.db.read() as session:
            users = store.newest(session, request.limit + 1, before)
            return cursor.page(contract.ProfilePage, [serializers.profile(user) for user in users], request.limit)

    @rpc(services("gateway"))
    def authenticate(self, request: contract.Authenticate) -> contract.Identity:
        """Return whose live session a token is; it counts as being used."""
        identity = lifecycle.identify(self.db, request.token_hash, self._lives)
        self.live.add(request.token_hash, identity)
        return identity

    @rpc(services("notifications"))
    def active_recipients(self, request: contract.ActiveRecipients) -> contract.Recipients:
        """Return a page of the users whose account was open and who were signed in at a moment."""
        with self.db.read() as session:
            return serializers.recipients(store.active(session, request, request.limit + 1), request.limit)

    @rpc(services("deliveries"))
    def contacts(self, request: contract.Contacts) -> contract.ContactList:
        """Return the addresses of the open ones among these accounts."""
        with self.db.read() as session:
            users = store.among(session, request.ids, User.is_active.is_(True))
            return contract.ContactList(items=[serializers.contact(user) for user in users])

    @rpc(services("gateway", "notifications", "deliveries"))
    def opt_out(self, request: contract.OptOut) -> Empty:
        """Take a channel out of what the owner of a phone number chose; a number that nobody has changes nothing."""
        with self.db.write() as session:
            admin.opt_out(session, request)
        return Empty()

    @rpc(services("gateway"))
    def unsubscribe(self, request: contract.Unsubscribe) -> Empty:
        """Switch off a channel of the account that the token of a mail's link belongs to."""
        with self.db.write() as session:
            updates.unsubscribe(session, request)
        return Empty()

    @rpc(services("gateway", "notifications"))
    def profiles(self, request: contract.Profiles) -> contract.ProfileList:
        """Return the profiles of these accounts, open or not; unknown ones are left out."""
        with self.db.read() as session:
            users = store.among(session, request.ids)
            return contract.ProfileList(items=[serializers.profile(user) for user in users])

    @rpc(OPERATORS)
    def set_staff(self, request: contract.SetStaff) -> contract.Account:
        """Give or take staff rights; it counts at once, in open sessions too."""
        with self.db.write() as session:
            account = admin.set_staff(session, request)
        self._publish_sessions(account.id)
        return account

    @rpc(OPERATORS)
    def set_active(self, request: contract.SetActive) -> contract.Account:
        """Close an account by its user name and end its sessions, or open it again."""
        with self.db.write() as session:
            named = store.named(names.key(request.username))
            account = admin.set_active(session, named, is_active=request.is_active)
        self._publish_sessions(account.id)
        return account

    @rpc(STAFF)
    def deactivate(self, request: contract.GetUser) -> contract.Account:
        """Close an account and end its sessions."""
        return self._set_active(request.id, is_active=False)

    @rpc(STAFF)
    def reactivate(self, request: contract.GetUser) -> contract.Account:
        """Open an account again."""
        return self._set_active(request.id, is_active=True)

    @rpc(OPERATORS)
    def unlock(self, request: contract.Unlock) -> contract.Account:
        """Open an account's login again that too many wrong passwords have closed."""
        with self.db.write() as session:
            return admin.unlock(session, request)

    @timer(interval=CLEANING)
    def clean(self) -> None:
        """Remove sessions that ended long ago, and wrong passwords that count no more."""
        for forget in (store.forget_sessions, failed_logins_store.forget):
            forgotten = CLEANED
            while forgotten == CLEANED:
                with self.db.write() as session:
                    forgotten = forget(session, CLEANED)

    def _set_active(self, user_id: str, *, is_active: bool) -> contract.Account:
        with self.db.write() as session:
            account = admin.set_active(session, User.id == user_id, is_active=is_active)
        self._publish_sessions(account.id)
        return account

    @property
    def _rules(self) -> Rules:
        return failed_logins.rules(self.config["users"]["login"])

    @property
    def _lives(self) -> Lives:
        return lifecycle.lives(self.config["users"]["session"])

    def _publish_sessions(self, user_id: str) -> None:
        """Make the live copies follow a change that was committed."""
        with self.db.read() as session:
            self.live.follow(store.recent_sessions(session, user_id, clock.now() - self.live.memory))
