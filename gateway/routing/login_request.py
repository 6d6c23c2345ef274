"""What the gateway adds to a login: where it comes from, and by which program."""

from gateway.request_context import Visit
from users.contract import Login, SignIn


def with_client(guest: Visit, login: Login) -> SignIn:
    """Name the client as the users service wants it."""
    return SignIn(**dict(login), user_agent=guest.user_agent, address=guest.address)
