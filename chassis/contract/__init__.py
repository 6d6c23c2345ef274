"""Base classes and field types of contracts."""

from chassis.contract.messages import Empty, Event, Message, Page, PageRequest
from chassis.contract.types import UUID_PATTERN, Id, JsonSchema, Text, Timestamp, is_id

__all__ = [
    "UUID_PATTERN",
    "Empty",
    "Event",
    "Id",
    "JsonSchema",
    "Message",
    "Page",
    "PageRequest",
    "Text",
    "Timestamp",
    "is_id",
]
