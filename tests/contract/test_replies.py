"""Every RPC reply and event of the running services has exactly the fields of its model."""

from collections.abc import Callable, Iterator
from typing import Any

import eventlet
import pyotp
import pytest

from chassis import clock
from chassis.auth.caller import Caller
from chassis.contract import Message
from chassis.errors import Conflict
from feeds.contract import PostCreated, PostDeleted, PostUpdated
from feeds.service import FeedsService
from gateway.service import GatewayService
from notifications.contract import NotificationChanged, NotificationCreated
from notifications.deliveries import DeliveriesService
from notifications.service import NotificationsService
from tests.contract.test_signatures import METHODS
from tests.integration.conftest import UNTIL_TIMEOUT
from tests.integration.support.identity_providers import Provider, hostile_provider, sign_in_at
from tests.integration.support.rpc import GATEWAY, OPERATOR
from users.contract import (
    AccountChanged,
    AccountErased,
    CodeIssued,
    SecurityNotice,
    SessionEnded,
    UserDetail,
    token_hash,
)
from users.service import UsersService

ADA: dict[str, Any] = {"username": "ada", "email": "ada@example.org", "password": "correct horse battery"}
BOB: dict[str, Any] = {"username": "bob", "email": "bob@example.org", "password": "correct horse battery"}


class CheckedRpc:
    """Compares each reply with its model, and records the called methods."""

    def __init__(self, rpc: Callable[..., Any]) -> None:
        self._rpc = rpc
        self.called: set[str] = set()

    def __call__(self, target: str, caller: Caller = GATEWAY, /, **arguments: Any) -> Any:
        reply = self._rpc(target, caller, **arguments)
        model: type[Message] = UserDetail if target == "users.detail" else METHODS[target]["return"]
        check(reply, model)
        self.called.add(target)
        return reply


def check(payload: Any, model: type[Message]) -> None:
    """Assert that a payload is unchanged after decoding and encoding it, and has all required fields."""
    encoded = model.model_validate(payload).model_dump(mode="json", exclude_unset=True)
    assert encoded == payload
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    assert required <= payload.keys()


def add_second_factor(call: CheckedRpc, user: Caller) -> list[str]:
    """Return the recovery codes."""
    secret = call("users.begin_second_factor", user, password=ADA["password"])["secret"]
    codes: list[str] = call("users.confirm_second_factor", user, code=pyotp.TOTP(secret).now())["recovery_codes"]
    return codes


def open_accounts(call: CheckedRpc) -> tuple[Caller, Caller]:
    """Register Ada and Bob, and log both in."""
    ada, bob = call("users.register", **ADA), call("users.register", **BOB)
    session = call("users.login", username="ada", password=ADA["password"])
    call("users.login", username="bob", password=BOB["password"])
    identity = call("users.authenticate", token_hash=token_hash(session["token"]))
    call("users.authenticate_all", token_hashes=[token_hash(session["token"]), token_hash("unknown")])
    return Caller("gateway", ada["id"], "ada", identity["session_id"]), Caller("gateway", bob["id"], "bob")


def check_accounts(call: CheckedRpc, as_ada: Caller, as_bob: Caller) -> None:
    ids = [as_ada.user, as_bob.user]
    for user in ids:
        call("users.detail", as_ada, id=user)
    call("users.all", as_ada)
    call("users.update_account", as_ada, phone="+254711000001")
    call("users.active_recipients", Caller("notifications"), as_of=clock.now().isoformat())
    contact = call("users.contacts", Caller("deliveries"), ids=ids)["items"][0]
    call("users.unsubscribe", token=contact["unsubscribe_token"])
    call("users.profiles", ids=ids[:1])


def check_sessions(call: CheckedRpc, events: dict[str, Any], user: Caller) -> None:
    call("users.login", username="ada", password=ADA["password"], user_agent="curl/8.5.0", address="192.0.2.1")
    other = call("users.sessions", user)["items"][0]
    call("users.end_session", user, id=other["id"])
    call("users.account_events", user)
    recovery_codes = add_second_factor(call, user)
    call("users.remove_second_factor", user, password=ADA["password"], code=recovery_codes[0])
    notice = events["users"].next("security_notice")
    check(notice, SecurityNotice)
    call("users.security_notices", Caller("deliveries"), ids=[notice["id"]])
    add_second_factor(call, user)
    call("users.reset_second_factor", OPERATOR, username="ada")


def check_restored_address(call: CheckedRpc, events: dict[str, Any]) -> None:
    carol = call("users.register", username="carol", email="carol@example.org", password=ADA["password"])
    call("users.trust_addresses", OPERATOR, registered_before=clock.now().isoformat(), username="carol")
    call("users.update_account", Caller("gateway", carol["id"], "carol"), email="carol.b@example.org")
    while (notice := events["users"].next("security_notice"))["kind"] != "email_changed":
        check(notice, SecurityNotice)
    (item,) = call("users.security_notices", Caller("deliveries"), ids=[notice["id"]])["items"]
    call("users.restore_address", token=item["restore_token"])


def check_codes(call: CheckedRpc, events: dict[str, Any], user: Caller) -> None:
    call("users.request_verification", user, channel="email")
    event = events["users"].next("code_issued")
    check(event, CodeIssued)
    (code,) = call("users.codes", Caller("deliveries"), ids=[event["id"]])["items"]
    call("users.confirm_verification", user, channel="email", code=code["code"])
    events["users"].next("code_issued")  # of bob's registration
    call("users.trust_addresses", OPERATOR, registered_before=clock.now().isoformat(), username="bob")
    call("users.request_login_code", username="bob")
    check(events["users"].next("code_issued"), CodeIssued)
    call("users.request_password_reset", username="bob")
    event = events["users"].next("code_issued")
    (code,) = call("users.codes", Caller("deliveries"), ids=[event["id"]])["items"]
    call("users.confirm_password_reset", username="bob", code=code["code"], password="another long passphrase")
    check_restored_address(call, events)


def check_identities(call: CheckedRpc, provider: Provider) -> None:
    """Open an account by a sign-in at the provider."""
    provider.set_user("248289761001", email="grace@example.org", email_verified=True)
    code, state = sign_in_at(call("users.begin_provider_sign_in")["url"], "248289761001")
    session = call("users.finish_provider_sign_in", state=state, code=code)
    grace = Caller("gateway", session["user"]["id"], "grace")
    code, state = sign_in_at(call("users.begin_provider_sign_in", grace, link=True)["url"], "another")
    call("users.finish_provider_sign_in", grace, state=state, code=code)
    identity = call("users.identities", grace)["items"][0]
    call("users.remove_identity", grace, id=identity["id"])


def check_posts(call: CheckedRpc, events: dict[str, Any], author: Caller, post: dict[str, Any]) -> None:
    call("feeds.detail", id=post["id"])
    call("feeds.all")
    check(events["feeds"].next("post_created"), PostCreated)
    check(events["notifications"].next("notification_created"), NotificationCreated)
    call("feeds.edit", author, id=post["id"], text="hello again")
    check(events["feeds"].next("post_updated"), PostUpdated)
    check(events["notifications"].next("notification_changed"), NotificationChanged)


def check_routes(call: CheckedRpc) -> None:
    call("gateway.routes", OPERATOR)
    call("gateway.set_route", OPERATOR, name="all-posts", rate="10/minute")
    call("gateway.reset_route", OPERATOR, name="all-posts")
    call("gateway.rebuild_authors", OPERATOR)
    call("gateway.authors", OPERATOR)


def check_dead_letters(call: CheckedRpc) -> None:
    for service in ("feeds", "notifications", "gateway"):
        call(f"{service}.parked", OPERATOR)
        call(f"{service}.replay_parked", OPERATOR, handler="on_account_erased")
        call(f"{service}.discard_parked", OPERATOR, handler="on_account_erased")


def check_event_logs(call: CheckedRpc) -> None:
    for service, event in (("users", "account_changed"), ("feeds", "post_created")):
        references = call(f"{service}.events_since", types=[event], after=0)
        call(f"{service}.events_at", positions=[item["position"] for item in references["items"]])


def check_deliveries(call: CheckedRpc, notification: str) -> None:
    call("deliveries.status", OPERATOR)
    call("deliveries.park", OPERATOR, id=notification)
    call("deliveries.retry", OPERATOR, id=notification)


def check_exports(call: CheckedRpc, author: Caller, reader: Caller) -> None:
    assert call("users.export", user_id=author.user)["account"]
    assert call("feeds.export", user_id=author.user)["posts"]
    assert call("notifications.export", user_id=reader.user)["notifications"]
    call("gateway.request_export", author)
    with eventlet.Timeout(UNTIL_TIMEOUT):
        while not ready(call, author):
            eventlet.sleep(0.1)


def ready(call: CheckedRpc, user: Caller) -> bool:
    try:
        return bool(call("gateway.export", user))
    except Conflict:
        return False


def check_inbox(call: CheckedRpc, user: Caller) -> dict[str, Any]:
    """Return the newest notification."""
    notification: dict[str, Any] = call("notifications.inbox", user)["items"][0]
    call("notifications.detail", user, id=notification["id"])
    call("notifications.missed", user_id=user.user, since=notification["id"])
    call("notifications.mark_read", user, all=True)
    return notification


def check_administration(call: CheckedRpc, staff: Caller, bob: str) -> None:
    call("users.set_active", OPERATOR, username="bob", is_active=False)
    call("users.reactivate", staff, id=bob)
    call("users.deactivate", staff, id=bob)
    call("users.unlock", OPERATOR, username="bob")


def check_callbacks(call: CheckedRpc) -> None:
    call("notifications.delivery_report", provider_id="ATXid_1", status="Success")
    call("users.opt_out", phone="+254711000001")


@pytest.fixture
def provider(settings: dict[str, Any]) -> Iterator[Provider]:
    with hostile_provider() as provider:
        settings["users"]["identity_provider"] = provider.settings()
        yield provider


def test_every_reply_and_event_has_the_fields_of_its_contract(
    provider: Provider, start: Callable[..., Any], rpc: Callable[..., Any], listen: Callable[[str], Any]
) -> None:
    events = {source: listen(source) for source in ("users", "feeds", "notifications")}
    start(UsersService, FeedsService, NotificationsService, DeliveriesService, GatewayService)
    call = CheckedRpc(rpc)

    as_ada, as_bob = open_accounts(call)
    check_accounts(call, as_ada, as_bob)
    check_sessions(call, events, as_ada)
    call("users.set_staff", OPERATOR, username="ada", is_staff=True)
    call("users.invite", OPERATOR)
    check(events["users"].next("account_changed"), AccountChanged)

    post = call("feeds.create", as_ada, text="hello")
    check_posts(call, events, as_ada, post)

    notification = check_inbox(call, as_bob)
    as_staff = Caller("gateway", as_ada.user, "ada", staff=True)
    call("notifications.send_notification", as_staff, user_id=as_bob.user, message="hi")

    check_codes(call, events, as_ada)
    check_exports(call, as_ada, as_bob)
    check_identities(call, provider)
    check_callbacks(call)
    check_deliveries(call, notification["id"])
    check_routes(call)
    check_dead_letters(call)
    check_event_logs(call)
    call("feeds.authors", before=post["id"])
    call("feeds.delete", as_ada, id=post["id"])
    check(events["feeds"].next("post_deleted"), PostDeleted)
    call("users.logout", as_ada)
    check(events["users"].next("session_ended"), SessionEnded)
    check_administration(call, as_staff, as_bob.require_user())
    call("users.delete_account", as_ada, password=ADA["password"])
    check(events["users"].next("account_erased"), AccountErased)
    call("feeds.erase_author", author_id=as_ada.user)
    for service in ("users", "feeds", "notifications", "deliveries", "gateway"):
        call(f"{service}.ping")
        call(f"{service}.describe")

    assert set(METHODS) == call.called
