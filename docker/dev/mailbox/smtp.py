"""The SMTP side: aiosmtpd's dialogue, our store, and the faults that a test asked for."""

import asyncio
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from docker.dev.mailbox.store import Store
from docker.dev.twins.faults import Faults

_LARGEST_MESSAGE = 2_097_152  # bytes, announced by SIZE
_OK = "250 OK"


def controller(host: str, port: int, store: Store, faults: Faults) -> Controller:
    """Make the server; its `start` returns when it listens, its thread is its own."""
    handler = _Handler(store, faults)
    return Controller(handler, hostname=host, port=port, data_size_limit=_LARGEST_MESSAGE, enable_SMTPUTF8=True)


class _Handler:
    """aiosmtpd finds these methods by name."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    async def handle_MAIL(  # noqa: N802  aiosmtpd's name and signature
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if fault := self._faults.take("mail", address):
            return str(fault)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return _OK

    async def handle_RCPT(  # noqa: N802  as above
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if fault := self._faults.take("rcpt", address):
            return str(fault)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return _OK

    async def handle_DATA(  # noqa: N802  as above
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if fault := self._faults.take("data"):
            return str(fault)
        content = envelope.original_content or b""
        self._store.add(envelope.mail_from or "", envelope.rcpt_tos, content)
        if silence := self._faults.take("hang"):
            await asyncio.sleep(float(silence))
        if self._faults.take("drop"):
            cast("asyncio.Transport", server.transport).abort()
        return _OK
