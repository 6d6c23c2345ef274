"""The callers that each RPC method accepts. A change of access must be made here too."""

from collections.abc import Callable
from typing import Any

from nameko.exceptions import RemoteError

from chassis.auth.caller import Caller
from chassis.errors import ServiceError
from feeds.service import FeedsService
from gateway.service import GatewayService
from notifications.deliveries import DeliveriesService
from notifications.service import NotificationsService
from tests.contract.test_signatures import METHODS
from users.service import UsersService

ADA = "01932f3e-9a4c-7cc1-8a53-6d1f0c5a7b21"
SERVICES = ("users", "feeds", "notifications", "deliveries", "gateway")
CALLERS = {
    **{name: Caller(name) for name in (*SERVICES, "operator")},
    "a user": Caller("gateway", ADA, "ada"),
    "staff": Caller("gateway", ADA, "ada", staff=True),
}
FORBIDDEN = {"Sign in first.", "This is for staff.", "This is between services."}

GATEWAY = ("gateway", "a user", "staff")  # which alone may call on behalf of users
RESTRICTED: dict[str, dict[tuple[str, ...], str]] = {
    "users": {
        ("a user", "staff"): (
            "account_events begin_second_factor confirm_second_factor end_session logout"
            " remove_second_factor request_verification confirm_verification sessions update_account"
            " identities remove_identity"
        ),
        (*GATEWAY, "operator"): "authenticate authenticate_all delete_account export restore_address unsubscribe",
        ("notifications", "operator"): "active_recipients",
        ("deliveries", "operator"): "codes contacts security_notices",
        ("notifications", *GATEWAY, "operator"): "profiles",
        ("notifications", "deliveries", *GATEWAY, "operator"): "opt_out",
        ("operator", "staff"): "deactivate invite reactivate",
        ("operator",): "reset_second_factor set_active set_staff trust_addresses unlock",
        SERVICES: "events_at events_since",
    },
    "feeds": {
        ("a user", "staff"): "create edit",
        (*GATEWAY, "operator"): "authors erase_author export",
        SERVICES: "events_at events_since",
        ("operator",): "discard_parked parked replay_parked",
    },
    "notifications": {
        ("a user", "staff"): "inbox mark_read",
        (*GATEWAY, "operator"): "delivery_report export missed",
        ("users", "feeds", "notifications", "deliveries", "gateway", "operator", "staff"): "send_notification",
        ("operator",): "discard_parked parked replay_parked",
    },
    "deliveries": {("operator",): "park retry status"},
    "gateway": {
        ("a user", "staff"): "export request_export",
        ("operator",): "authors discard_parked parked rebuild_authors replay_parked reset_route routes set_route",
    },
}
ANY_CALLER = {
    *(
        "users.all",
        "users.detail",
        "users.login",
        "users.begin_provider_sign_in",
        "users.finish_provider_sign_in",
        "users.register",
        "users.request_password_reset",
        "users.request_login_code",
        "users.confirm_password_reset",
    ),
    *("feeds.all", "feeds.delete", "feeds.detail", "notifications.detail"),
    *(f"{service}.{method}" for service in RESTRICTED for method in ("describe", "ping")),
}


def accepts(rpc: Callable[..., Any], target: str, caller: Caller) -> bool:
    """Call without arguments: access is checked before the arguments are validated."""
    try:
        rpc(target, caller)
    except ServiceError as error:
        return error.detail not in FORBIDDEN
    except RemoteError as error:
        raise AssertionError(target) from error
    return True


def test_every_method_accepts_exactly_its_callers(start: Callable[..., Any], rpc: Callable[..., Any]) -> None:
    start(UsersService, FeedsService, NotificationsService, DeliveriesService, GatewayService)
    accepted = {
        target: {name for name, caller in CALLERS.items() if accepts(rpc, target, caller)} for target in METHODS
    }
    expected = {target: set(CALLERS) for target in ANY_CALLER} | {
        f"{service}.{method}": {*callers}
        for service, rules in RESTRICTED.items()
        for callers, methods in rules.items()
        for method in methods.split()
    }
    assert accepted == expected
