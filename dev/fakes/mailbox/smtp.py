"""The SMTP server, from aiosmtpd; without SMTPUTF8 (RFC 6531), like many others."""

import asyncio
from typing import Any

from aiosmtpd.controller import Controller

from dev.fakes.app import Faults
from dev.fakes.mailbox.store import Mails

_LARGEST_MESSAGE = 2_097_152  # bytes, announced by SIZE
_OK = "250 OK"


def smtp_server(host: str, port: int, mails: Mails, faults: Faults) -> Controller:
    """Return the server; `start` runs it in a thread of its own."""
    handler = _Handler(mails, faults)
    return Controller(handler, hostname=host, port=port, data_size_limit=_LARGEST_MESSAGE, enable_SMTPUTF8=False)


class _Handler:
    """aiosmtpd calls these methods by name; their replies go to the client."""

    def __init__(self, mails: Mails, faults: Faults) -> None:
        self._mails = mails
        self._faults = faults

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if fault := self._faults.take("mail", address):
            return str(fault)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return _OK

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if fault := self._faults.take("rcpt", address):
            return str(fault)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return _OK

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if fault := self._faults.take("data"):
            return str(fault)
        self._mails.add(envelope.mail_from or "", envelope.rcpt_tos, envelope.original_content or b"")
        await asyncio.sleep(float(self._faults.take("hang") or 0))
        if self._faults.take("drop"):
            server.transport.abort()
        return _OK
