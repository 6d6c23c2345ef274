"""The notification about an export that is ready or failed."""

from chassis.rpc.client import RpcClient
from gateway.exports import store
from gateway.exports.store import Claim
from notifications.contract import Notification, SendNotification

READY = "The file with all that is stored about you is ready. You can download it until {:%d %B %Y}."
FAILED = "The file with all that is stored about you could not be made. Please start the export again."


def send(rpc_client: RpcClient, claim: Claim) -> None:
    """Notify the user, once although it is repeated. Raises Conflict if the user is not active."""
    rpc_client.call(
        "notifications.send_notification",
        content(claim),
        Notification,
        request_key=f"export:{claim.id}:{claim.state}",
    )


def content(claim: Claim) -> SendNotification:
    """Return the notification. It is the same at each attempt, as the request key requires."""
    if claim.state == store.READY:
        return SendNotification(
            user_id=claim.user_id, title="Your export is ready", message=READY.format(claim.expires_at)
        )
    return SendNotification(user_id=claim.user_id, title="Your export failed", message=FAILED)
