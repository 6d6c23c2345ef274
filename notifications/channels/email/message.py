"""Composes mails: headers, text and HTML."""

from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, select_autoescape

from notifications.channels.base import Outgoing
from notifications.wording import one_line

_TEMPLATES = Environment(
    loader=PackageLoader("notifications.channels.email"),
    autoescape=select_autoescape(["html"]),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEXT, _HTML = (_TEMPLATES.get_template(f"mail.{kind}") for kind in ("txt", "html"))

_LINK = "List-Unsubscribe"
_SHORT = 60  # characters that fit on a line behind a header's name


class _Policy(EmailPolicy):
    """Folds two headers in other ways than Python 3.11 does.

    It would encode a long link as if it were words, and lose spaces between words that it encodes.
    """

    def fold(self, name: str, value: str) -> str:
        """Return a header's lines."""
        if name == _LINK:
            return f"{name}: {value}{self.linesep}"
        if name == "Subject":
            plain = value.isascii() and len(value) <= _SHORT
            words = value if plain else Header(value, "utf-8", header_name=name).encode(linesep=self.linesep)
            return f"{name}: {words}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return the same as bytes."""
        return self.fold(name, value).encode()


_POLICY = _Policy(linesep="\r\n", cte_type="7bit")


class Composer:
    """Writes mails in the name of `sender`, such as `Baraza <no-reply@example.org>`, with links below `public_url`."""

    def __init__(self, sender: str, public_url: str) -> None:
        if urlsplit(public_url).scheme not in {"http", "https"}:
            raise ValueError("email.public_url: expected an address such as https://baraza.example.org")
        self.address = parseaddr(sender)[1]
        self._sender = sender
        self._domain = self.address.rpartition("@")[2]
        self._url = public_url.rstrip("/")

    def compose(self, letter: Outgoing, moment: datetime) -> EmailMessage:
        """Return the mail; a delivery's Message-ID is always the same. Raises ValueError for an unusable address."""
        mail = EmailMessage(_POLICY)
        mail["Message-ID"] = f"<{letter.reference}@{self._domain}>"
        mail["Date"] = format_datetime(moment)
        mail["From"] = self._sender
        mail["To"] = _mailbox(letter.username, letter.address)
        mail["Subject"] = one_line(letter.title)
        mail["List-Id"] = f"Baraza <notifications.{self._domain}>"  # RFC 2919: what filters sort by
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notices, please
        mail["Precedence"] = "bulk"  # the same, for those who do not know RFC 3834
        link = self._unsubscribe_link(letter)
        if link:
            mail[_LINK] = f"<{link}>"  # RFC 2369
            mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
        words = {"letter": letter, "unsubscribe": link}
        mail.set_content(_TEXT.render(words))
        mail.add_alternative(_HTML.render(words), subtype="html")
        return mail

    def _unsubscribe_link(self, letter: Outgoing) -> str | None:
        """Return where one click switches e-mail off; the token is what shows that it is its owner's click."""
        token = letter.unsubscribe_token
        return f"{self._url}/unsubscribe/{token}/?channel=email" if token else None


def _mailbox(name: str, address: str) -> Address:
    """Line breaks and lists of addresses are rejected here; the parser has several words for no."""
    try:
        return Address(name, addr_spec=address)
    except (ValueError, MessageError, IndexError) as error:
        raise ValueError("not a mail address") from error
