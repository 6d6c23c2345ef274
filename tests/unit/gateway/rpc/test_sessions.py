"""The sessions of many requests, with one call to users."""

from typing import Any

import gevent
import pytest

from chassis import clock
from chassis.errors import ServiceError, Unauthenticated, Unavailable
from chassis.ids import new_id
from gateway.rpc.client import MethodMissing
from gateway.rpc.sessions import Sessions
from users.contract import Authenticate, AuthenticateAll, Identities, Identity, token_hash

LIMIT = 5  # seconds
ADA, BEN, ENDED = map(token_hash, ("ada", "ben", "ended"))


def identity(name: str) -> Identity:
    return Identity(user_id=new_id(), username=name, session_id=new_id(), is_staff=False, expires_at=clock.now())


class Users:
    """Fakes the users service; `older`: of the release before, with `authenticate` only."""

    def __init__(self, *, older: bool = False) -> None:
        self.older = older
        self.error: ServiceError | None = None
        self.live = {ADA: identity("ada"), BEN: identity("ben")}
        self.calls: list[str] = []

    def call_as_gateway(self, target: str, request: Any, _reply: Any) -> Any:
        self.calls.append(target)
        if self.error is not None:
            raise self.error
        if isinstance(request, AuthenticateAll):
            if self.older:
                raise MethodMissing("users.authenticate_all is not available yet.")
            return Identities(items=[self.live.get(one) for one in request.token_hashes])
        assert isinstance(request, Authenticate)
        if request.token_hash not in self.live:
            raise Unauthenticated("The session has ended, or never was.", "invalid_token")
        return self.live[request.token_hash]


def identify(users: Any, *token_hashes: str) -> "list[gevent.Greenlet[..., Identity]]":
    """Request sessions at the same time."""
    sessions = Sessions(users)
    requests = [gevent.spawn(sessions.identity, one) for one in token_hashes]
    gevent.joinall(requests, timeout=LIMIT)
    return requests


def test_sessions_that_are_requested_at_the_same_time_share_a_call() -> None:
    users = Users()
    assert [one.value for one in identify(users, BEN, ADA, BEN)] == [users.live[one] for one in (BEN, ADA, BEN)]
    assert users.calls == ["users.authenticate_all"]


@pytest.mark.parametrize("older", [False, True], ids=["of this release", "of the release before"])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_wrong_token_is_rejected_alone(position: int, *, older: bool) -> None:
    users, token_hashes = Users(older=older), [ADA, BEN]
    token_hashes.insert(position, ENDED)
    requests = identify(users, *token_hashes)
    wrong = requests.pop(position)
    assert isinstance(wrong.exception, Unauthenticated)
    assert wrong.exception.code == "invalid_token"
    assert [one.value for one in requests] == [users.live[ADA], users.live[BEN]]


def test_error_of_a_call_is_not_taken_for_a_wrong_token() -> None:
    users = Users()
    users.error = Unavailable("The database is unavailable or overloaded.")
    assert [one.exception for one in identify(users, ADA, ENDED)] == [users.error] * 2
