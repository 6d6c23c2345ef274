"""Rows as the contract shows them."""

from typing import Any

from notifications import contract
from notifications.models import Delivery, InboxRow, Notification


def notification(row: Notification) -> contract.Notification:
    """Show what somebody is told."""
    return contract.Notification(**_fields(row))


def inbox_item(place: InboxRow, row: Notification) -> contract.InboxItem:
    """Show it in somebody's inbox."""
    return contract.InboxItem(**_fields(row), read_at=place.read_at)


def detail(row: Notification, deliveries: list[Delivery]) -> contract.NotificationDetail:
    """Show it with its deliveries."""
    return contract.NotificationDetail(**_fields(row), deliveries=[_delivery(one) for one in deliveries])


def _fields(row: Notification) -> dict[str, Any]:
    return {name: getattr(row, name) for name in contract.Notification.model_fields}


def _delivery(row: Delivery) -> contract.Delivery:
    return contract.Delivery(**{name: getattr(row, name) for name in contract.Delivery.model_fields})
