"""Codes and security notices that users issues."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chassis import clock
from chassis.ids import new_id
from tests.integration.notifications.support import Publish
from tests.integration.notifications.users_service import Accounts
from users.contract import (
    CodeChannel,
    CodeIssued,
    CodePurpose,
    IssuedCode,
    SecurityNotice,
    SecurityNoticeDetails,
    SecurityNoticeKind,
)

ADDRESS, PHONE = "ada@example.org", "+254711000001"
DIGITS = "041907"
CLIENT, PROGRAM = "192.0.2.1", "curl/8.5.0"

Issue = Callable[..., CodeIssued]
Notify = Callable[..., SecurityNotice]


@pytest.fixture
def issue(publish: Publish, accounts: Accounts) -> Issue:
    """Publish that a code was issued: `issue("sms", "verify_phone")`."""

    def issue(
        channel: CodeChannel = "email", purpose: CodePurpose = "verify_email", *, known: bool = True, again: Any = None
    ) -> CodeIssued:
        later = clock.now() + timedelta(minutes=15)
        event = again or CodeIssued(id=new_id(), user_id=new_id(), channel=channel, purpose=purpose, expires_at=later)
        if known:
            address = ADDRESS if channel == "email" else PHONE
            accounts.codes[event.id] = IssuedCode(
                id=event.id,
                user_id=event.user_id,
                username="ada",
                channel=channel,
                address=address,
                purpose=purpose,
                code=DIGITS,
            )
        publish(event)
        return event

    return issue


@pytest.fixture
def notify(publish: Publish, accounts: Accounts) -> Notify:
    """Publish that something happened: `notify("new_device")`."""

    def notify(kind: SecurityNoticeKind = "new_device", *, known: bool = True, again: Any = None) -> SecurityNotice:
        event = again or SecurityNotice(id=new_id(), user_id=new_id(), kind=kind, occurred_at=clock.now())
        if known:
            accounts.notices[event.id] = SecurityNoticeDetails(
                id=event.id,
                user_id=event.user_id,
                username="ada",
                channel="email",
                address=ADDRESS,
                kind=event.kind,
                occurred_at=event.occurred_at,
                client_address=CLIENT,
                user_agent=PROGRAM,
            )
        publish(event)
        return event

    return notify
