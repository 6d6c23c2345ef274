"""Accounts: opened, changed, verified, closed and listed."""

from chassis.contract import Empty
from chassis.errors import Conflict, Forbidden, NotFound, ServiceError
from gateway.authors import join
from gateway.html import restore_address, unsubscribe
from gateway.routing.route import Access, Limit, Route, both
from gateway.routing.table.errors import REGISTRATION_CLOSED, TOO_MANY_CODES
from users import contract as users


def _taken(*fields: str) -> tuple[ServiceError, ...]:
    """Return the errors for fields that must be unique."""
    return tuple(
        Conflict(f"This {field} is taken.", f"{field}_taken", [{"field": field, "message": "is taken"}])
        for field in fields
    )


ROUTES = (
    Route(
        "register",
        "POST",
        both("/register/", "users"),
        "users.register",
        Access.ANYONE,
        users.Register,
        users.NamedAccount,
        status=201,
        response_model=users.Account,
        build_response=join.save_own_username,
        limit=Limit("register"),
        idempotent=True,
        summary="Open an account",
        errors=(
            *_taken("username", "email", "phone"),
            *REGISTRATION_CLOSED,
            Forbidden("This invitation is used, expired, or for another address.", "invitation_invalid"),
        ),
    ),
    Route(
        "invite",
        "POST",
        both("/invitations/", "users"),
        "users.invite",
        Access.STAFF,
        users.Invite,
        users.Invitation,
        status=201,
        summary="Create an invitation to open an account",
    ),
    Route(
        "account-events",
        "GET",
        both("/account/events/", "users"),
        "users.account_events",
        Access.USER,
        users.ListAccountEvents,
        users.AccountEventPage,
        summary="List what happened to the account, newest first",
    ),
    Route(
        "update-account",
        "PUT",
        both("/update-account/", "users"),
        "users.update_account",
        Access.USER,
        users.UpdateAccount,
        users.NamedAccount,
        response_model=users.Account,
        build_response=join.save_own_username,
        summary="Change the account",
        errors=_taken("username", "email", "phone"),
    ),
    Route(
        "request-verification",
        "POST",
        both("/verification/", "users"),
        "users.request_verification",
        Access.USER,
        users.RequestVerification,
        Empty,
        status=202,
        client_request=users.ClientRequestVerification,
        summary="Send a code to the account's e-mail address or phone number",
        errors=(Conflict("This address is verified already.", "already_verified"), TOO_MANY_CODES),
    ),
    Route(
        "confirm-verification",
        "POST",
        both("/verification/confirm/", "users"),
        "users.confirm_verification",
        Access.USER,
        users.ConfirmVerification,
        users.NamedAccount,
        response_model=users.Account,
        build_response=join.save_own_username,
        summary="Verify an address by the code that it received",
    ),
    Route(
        "delete-account",
        "DELETE",
        both("/account/", "users"),
        "users.delete_account",
        Access.USER,
        users.DeleteAccount,
        Empty,
        status=204,
        summary="Delete the account",
    ),
    Route(
        "unsubscribe",
        "POST",
        (unsubscribe.PATH,),
        "users.unsubscribe",
        Access.ANYONE,
        users.Unsubscribe,
        Empty,
        status=204,
        html_page=unsubscribe.done,
        fields_in="query",
        summary="Switch off a channel by the link in a mail",
    ),
    Route(
        "restore-address",
        "POST",
        (restore_address.PATH,),
        "users.restore_address",
        Access.ANYONE,
        users.RestoreAddress,
        Empty,
        status=204,
        html_page=restore_address.done,
        fields_in="query",
        summary="Restore a changed e-mail address by the link in a mail",
        errors=(
            NotFound("This link is used, expired or not complete.", "restore_link_invalid"),
            *_taken("email"),
        ),
    ),
    Route(
        "deactivate-user",
        "POST",
        ("/users/deactivate/<id>/",),
        "users.deactivate",
        Access.STAFF,
        users.GetUser,
        users.Account,
        fields_in="path",
        summary="Close an account",
    ),
    Route(
        "reactivate-user",
        "POST",
        ("/users/reactivate/<id>/",),
        "users.reactivate",
        Access.STAFF,
        users.GetUser,
        users.Account,
        fields_in="path",
        summary="Open an account again",
    ),
    Route(
        "user-detail",
        "GET",
        ("/users/detail/<id>/",),
        "users.detail",
        Access.USER,
        users.GetUser,
        users.UserDetail,
        summary="Show a user",
    ),
    Route(
        "all-users",
        "GET",
        ("/users/all/",),
        "users.all",
        Access.USER,
        users.ListUsers,
        users.ProfilePage,
        summary="List users, newest first",
    ),
)
