"""Composes e-mails: headers, text and HTML."""

from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, select_autoescape

from notifications.channels.interface import OutgoingMessage
from notifications.shortening import one_line

_TEMPLATES = Environment(
    loader=PackageLoader("notifications.channels.email"),
    autoescape=select_autoescape(["html"]),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEXT, _HTML = (_TEMPLATES.get_template(f"mail.{kind}") for kind in ("txt", "html"))

_SUBJECT = "Subject"
_ENCODED_WORD = "=?"  # begins a word that programs decode (RFC 2047)
_UNSUBSCRIBE = "List-Unsubscribe"
_MAX_PLAIN_SUBJECT = 60  # characters that fit on one line with the header's name


class _Policy(EmailPolicy):
    """Stores and folds two headers differently.

    Python 3.11 encodes a long link as if it were text, and loses spaces between encoded words.
    """

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        """Return name and value; of a subject unparsed: encoded words in it are text, and could hide line breaks."""
        return (name, value) if name == _SUBJECT else super().header_store_parse(name, value)

    def fold(self, name: str, value: str) -> str:
        """Return the lines of a header."""
        if name == _UNSUBSCRIBE:
            return f"{name}: {value}{self.linesep}"
        if name == _SUBJECT:
            plain = value.isascii() and len(value) <= _MAX_PLAIN_SUBJECT and _ENCODED_WORD not in value
            encoded = value if plain else Header(value, "utf-8", header_name=name).encode(linesep=self.linesep)
            return f"{name}: {encoded}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return the lines of a header as bytes."""
        return self.fold(name, value).encode()


_POLICY = _Policy(linesep="\r\n", cte_type="7bit")


class Composer:
    """Composes e-mails from `sender`, such as `Baraza <no-reply@example.org>`, with links below `public_url`."""

    def __init__(self, sender: str, public_url: str) -> None:
        if urlsplit(public_url).scheme not in {"http", "https"}:
            raise ValueError("email.public_url: expected an address such as https://baraza.example.org")
        self.address = parseaddr(sender)[1]
        self._sender = sender
        self._domain = self.address.rpartition("@")[2]
        self._url = public_url.rstrip("/")

    def compose(self, message: OutgoingMessage, date: datetime) -> EmailMessage:
        """Return the e-mail. Its Message-ID is the same for every attempt. Raises ValueError for an invalid address."""
        mail = EmailMessage(_POLICY)
        mail["Message-ID"] = f"<{message.reference}@{self._domain}>"
        mail["Date"] = format_datetime(date)
        mail["From"] = self._sender
        mail["To"] = _mailbox(message.username, message.address)
        mail[_SUBJECT] = one_line(message.title)
        mail["List-Id"] = f"Baraza <notifications.{self._domain}>"  # RFC 2919, for mail filters
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: prevents out-of-office replies
        mail["Precedence"] = "bulk"  # the same, for servers without RFC 3834
        link = self._unsubscribe_link(message.unsubscribe_token)
        if link:
            mail[_UNSUBSCRIBE] = f"<{link}>"  # RFC 2369
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
        values = {"message": message, "unsubscribe": link, "restore": self._restore_link(message.restore_token)}
        mail.set_content(_TEXT.render(values))
        mail.add_alternative(_HTML.render(values), subtype="html")
        return mail

    def _unsubscribe_link(self, token: str | None) -> str | None:
        """Return the link that switches e-mail off with one click; the token stands for a login."""
        return f"{self._url}/unsubscribe/{token}/?channel=email" if token else None

    def _restore_link(self, token: str | None) -> str | None:
        """Return the link to the page that restores the address."""
        return f"{self._url}/restore-address/?token={token}" if token else None


def _mailbox(name: str, address: str) -> Address:
    """Return the mailbox. Raises ValueError for line breaks and lists of addresses; the parser has several errors."""
    try:
        return Address(name, addr_spec=address)
    except (ValueError, MessageError, IndexError) as error:
        raise ValueError("not a mail address") from error
