"""Replies and event payloads, made from database rows."""

from typing import Any

from sqlalchemy import Row

from notifications import contract
from notifications.models import Delivery, Notification


def notification(row: Notification | Row[Any]) -> contract.Notification:
    """Return a notification."""
    return contract.Notification.model_validate(row, from_attributes=True)


def inbox_item(row: Row[Any]) -> contract.InboxItem:
    """Return a notification with its read state."""
    return contract.InboxItem.model_validate(row, from_attributes=True)


def detail(row: Notification, deliveries: list[Delivery]) -> contract.NotificationDetail:
    """Return a notification with deliveries."""
    return contract.NotificationDetail(**dict(notification(row)), deliveries=[_delivery(one) for one in deliveries])


def _delivery(row: Delivery) -> contract.Delivery:
    return contract.Delivery.model_validate(row, from_attributes=True)
