"""The channels that notify a user: which are valid, and how to remove one without a login."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from chassis.errors import Invalid
from users import contract
from users.accounts import store
from users.contract import Channel
from users.models import User


def validate(notify_by: Sequence[Channel], phone: str | None, field: str = "notify_by") -> None:
    """Raise Invalid for `field`, the one that the user changed, if a channel is repeated or lacks its address."""
    if len(set(notify_by)) < len(notify_by):
        raise Invalid.field(field, "names a channel twice")
    if "sms" in notify_by and phone is None:
        raise Invalid.field(field, "sms needs a phone")


def unsubscribe(session: Session, request: contract.Unsubscribe) -> None:
    """Remove a channel from the account with this unsubscribe token; may be repeated. Raises NotFound."""
    _remove(store.get(session, User.unsubscribe_token == request.token, lock=True), request.channel)


def opt_out(session: Session, request: contract.OptOut) -> None:
    """Remove a channel from the account with this phone number, if there is one; may be repeated."""
    user = store.find(session, User.phone == request.phone, lock=True)
    if user is not None:
        _remove(user, request.channel)


def _remove(user: User, channel: Channel) -> None:
    user.notify_by = [other for other in user.notify_by if other != channel]
