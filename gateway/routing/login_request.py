"""Adds the client's address and program to a login, for failed logins and the list of sessions."""

from gateway.request.context import RequestContext
from users.contract import ClientLogin, Login


def add_client(context: RequestContext, login: Login) -> ClientLogin:
    """Return the request of `users.login`."""
    return ClientLogin(**dict(login), user_agent=context.user_agent, address=context.address)
