"""The vendor's answer, in the JSON and XML it has."""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

from docker.dev.twins.http import Reply, as_json

_CREATED = 201
_FIELDS = ("statusCode", "number", "status", "cost", "messageId")
_PRICE = 0.8


def message_data(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the answer's content for the ledger's entries of one request."""
    good = sum(entry["accepted"] for entry in entries)
    return {
        "Message": f"Sent to {good}/{len(entries)} Total Cost: KES {good * _PRICE:.4f}",
        "Recipients": [{field: entry[field] for field in _FIELDS} for entry in entries],
    }


def render(data: dict[str, Any], accept: str) -> Reply:
    """JSON if the caller asked for it, as the SDK does; XML is what the vendor sends otherwise."""
    if "application/json" in accept:
        return as_json({"SMSMessageData": data}, _CREATED)
    root = ET.Element("AfricasTalkingResponse")
    body = ET.SubElement(root, "SMSMessageData")
    ET.SubElement(body, "Message").text = data["Message"]
    recipients = ET.SubElement(body, "Recipients")
    for entry in data["Recipients"]:
        recipient = ET.SubElement(recipients, "Recipient")
        for field in _FIELDS:
            ET.SubElement(recipient, field).text = str(entry[field])
    return Reply(ET.tostring(root, encoding="utf-8", xml_declaration=True), _CREATED, "application/xml")
