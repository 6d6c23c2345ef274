"""The replay of what a websocket missed."""

from pydantic import Field

from chassis.contract import Id, Message
from notifications.contract.inbox import Notification

# A `since` before every notification.
BEGINNING = "00000000-0000-0000-0000-000000000000"


class ReplayRequest(Message):
    """Asks for what changed in a user's inbox after a notification (or BEGINNING), for a websocket that reconnects."""

    user_id: Id
    since: Id | None = Field(default=None, description="The newest notification that the client has; null: none.")
    limit: int = Field(default=100, ge=1, le=1000, description="The most notifications to return.")
    recently_read: bool = Field(
        default=True,
        description="Whether `read` covers the last minute if the replay is not resumed; gateways of 0.1.0 use that.",
    )


class ReplayRequests(ReplayRequest):
    """Asks for the replay of one user, and for those of others with the same call."""

    others: list[ReplayRequest] = Field(default=[], max_length=100, description="The same for further users.")


class Replay(Message):
    """What changed in an inbox after `since`, read in one database snapshot.

    `read` and `changed` also cover the minute before `since` was created: applying a state twice does no harm.
    `resumed` is false if `since` is not in the inbox (any more), or if more changed than a replay can hold; then fetch
    the inbox. `read` then covers the last minute, or is empty without `recently_read`.
    """

    items: list[Notification] = Field(description="New notifications, oldest first.")
    more: bool = Field(description="Whether there are more new notifications than `limit`.")
    resumed: bool = Field(description="Whether the replay is complete.")
    unread: int = Field(description="The number of unread notifications in the whole inbox.")
    newest: Id | None = Field(description="The newest notification in the inbox.")
    read: list[Id] = Field(default=[], description="Notifications that were read.")
    changed: list[Notification] = Field(default=[], description="Notifications whose content changed.")
    seq: int | None = Field(default=None, description="The number of the user's last frame that this replay contains.")


class Replays(Replay):
    """The replay of one user, and those of others."""

    others: list[Replay] = Field(
        default=[],
        description="In the order of the request. Those for which the reply has no room are missing at the end: request"
        " them again.",
    )
