"""Composes mails: headers, text and HTML."""

from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from jinja2 import Environment, PackageLoader, select_autoescape

from notifications.channels.base import Outgoing
from notifications.messages import one_line

_TEMPLATES = Environment(loader=PackageLoader("notifications"), autoescape=select_autoescape(["html"]))
_TEXT, _HTML = (_TEMPLATES.get_template(f"mail.{kind}") for kind in ("txt", "html"))


def compose(letter: Outgoing, sender: str, moment: datetime) -> EmailMessage:
    """Return the mail; a delivery's Message-ID is always the same. Raises ValueError for an unusable address."""
    mail = EmailMessage()
    mail["Message-ID"] = f"<{letter.reference}@{domain(sender)}>"
    mail["Date"] = format_datetime(moment)
    mail["From"] = sender
    mail["To"] = _mailbox(letter.username, letter.address)
    mail["Subject"] = one_line(letter.title)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notices, please
    words = {"username": letter.username, "title": letter.title, "message": letter.message}
    mail.set_content(_TEXT.render(words))
    mail.add_alternative(_HTML.render(words), subtype="html")
    return mail


def _mailbox(name: str, address: str) -> Address:
    """Line breaks and lists of addresses are refused here; the parser has several words for no."""
    try:
        return Address(name, addr_spec=address)
    except (ValueError, MessageError, IndexError) as error:
        raise ValueError("not a mail address") from error


def domain(sender: str) -> str:
    """Return the domain of an address such as `Baraza <no-reply@example.org>`."""
    return parseaddr(sender)[1].rpartition("@")[2]
