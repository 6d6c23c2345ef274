"""Adds the client's address and program to requests that users counts by client."""

from gateway.request.context import RequestContext
from users import contract


def of_login(context: RequestContext, login: contract.Login) -> contract.ClientLogin:
    """Return the request of `users.login`."""
    return contract.ClientLogin(**dict(login), user_agent=context.user_agent, address=context.address)


def of_provider_sign_in(
    context: RequestContext, request: contract.FinishProviderSignIn
) -> contract.ClientFinishProviderSignIn:
    """Return the request of `users.finish_provider_sign_in`."""
    return contract.ClientFinishProviderSignIn(**dict(request), user_agent=context.user_agent, address=context.address)


def of_verification(
    context: RequestContext, request: contract.RequestVerification
) -> contract.ClientRequestVerification:
    """Return the request of `users.request_verification`."""
    return contract.ClientRequestVerification(**dict(request), address=context.address)


def of_login_code(context: RequestContext, request: contract.RequestLoginCode) -> contract.ClientRequestLoginCode:
    """Return the request of `users.request_login_code`."""
    return contract.ClientRequestLoginCode(**dict(request), address=context.address)


def of_password_reset(
    context: RequestContext, request: contract.RequestPasswordReset
) -> contract.ClientRequestPasswordReset:
    """Return the request of `users.request_password_reset`."""
    return contract.ClientRequestPasswordReset(**dict(request), address=context.address)
