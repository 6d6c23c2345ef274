"""Replies and event payloads, made from database rows."""

from typing import Any

from sqlalchemy import Row

from notifications import contract
from notifications.models import Delivery, Notification


def notification(row: Notification | Row[Any]) -> contract.Notification:
    """Return a notification."""
    return contract.Notification(**_fields(row))


def inbox_item(row: Row[Any]) -> contract.InboxItem:
    """Return a notification with its read state."""
    return contract.InboxItem(**_fields(row), read_at=row.read_at)


def detail(row: Notification, deliveries: list[Delivery]) -> contract.NotificationDetail:
    """Return a notification with deliveries."""
    return contract.NotificationDetail(**_fields(row), deliveries=[_delivery(delivery) for delivery in deliveries])


def _fields(row: Notification | Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in contract.Notification.model_fields}


def _delivery(row: Delivery) -> contract.Delivery:
    return contract.Delivery(**{name: getattr(row, name) for name in contract.Delivery.model_fields})
