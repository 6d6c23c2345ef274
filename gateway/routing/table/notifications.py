"""Inboxes, and notifications to one user."""

from chassis.contract import Empty
from gateway.routing.route import Access, Route, both
from notifications import contract as notifications
from notifications.contract import errors

ROUTES = (
    Route(
        "send-notification",
        "POST",
        both("/send-notification/", "notifications"),
        "notifications.send_notification",
        Access.STAFF,
        notifications.SendNotification,
        notifications.Notification,
        status=202,
        location="/notifications/detail/{id}/",
        idempotent=True,
        summary="Notify one user",
        errors=(errors.recipient_not_active(),),
    ),
    Route(
        "inbox",
        "GET",
        ("/notifications/",),
        "notifications.inbox",
        Access.USER,
        notifications.ListInbox,
        notifications.InboxPage,
        summary="Read the inbox, newest first",
    ),
    Route(
        "read-notifications",
        "POST",
        ("/notifications/read/",),
        "notifications.mark_read",
        Access.USER,
        notifications.MarkRead,
        Empty,
        status=204,
        summary="Mark as read",
    ),
    Route(
        "notification-detail",
        "GET",
        ("/notifications/detail/<id>/",),
        "notifications.detail",
        Access.USER,
        notifications.GetNotification,
        notifications.NotificationDetail,
        summary="Show a notification and its deliveries",
    ),
)
