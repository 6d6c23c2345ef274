"""Keyed writes: the same key and request give the same reply, however often the broker or a client repeats them."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.amqp import message_headers
from chassis.auth import keyring
from chassis.contract import Message
from chassis.db.sql import insert_new
from chassis.db.tables import handled_requests
from chassis.errors import Invalid

KEPT = timedelta(hours=24)
REPLAYED = "replayed"

Reply = TypeVar("Reply", bound=Message)


def once(session: Session, call: Any, reply_model: type[Reply], write: Callable[[Session], Reply]) -> Reply:
    """Run `write` in this transaction, or return the reply of its first run.

    `call` is Nameko's worker context; its request key is scoped by method. Without a key the write just runs. A key
    that was used for another request raises Invalid. A second call that arrives while the first one runs waits for it
    at the unique key.
    """
    key = _key(call)
    if key is None:
        return write(session)
    row = {"key": key, "digest": _digests(call)[0], "reply": "", "created_at": clock.now()}
    if not insert_new(session, handled_requests, row):
        return _first_reply(session, call, reply_model)
    reply = write(session)
    values = {"reply": reply.model_dump_json()}
    session.execute(update(handled_requests).where(handled_requests.c.key == key).values(values))
    return reply


def previous_reply(session: Session, call: Any, reply_model: type[Reply]) -> Reply | None:
    """Return the first reply to a repeated request, None to a new one; for writes that must ask others first."""
    key = _key(call)
    known = select(handled_requests.c.key).where(handled_requests.c.key == key)
    if key is None or session.scalar(known) is None:
        return None
    return _first_reply(session, call, reply_model)


def forget_old(session: Session) -> None:
    """Remove the replies that nobody may ask for again."""
    session.execute(delete(handled_requests).where(handled_requests.c.created_at < clock.now() - KEPT))


def _key(call: Any) -> str | None:
    request_key = call.data.get(message_headers.REQUEST_KEY)
    return None if request_key is None else f"{call.entrypoint.method_name}:{request_key}"


def _first_reply(session: Session, call: Any, reply_model: type[Reply]) -> Reply:
    row = session.execute(select(handled_requests).where(handled_requests.c.key == _key(call))).one()
    if not any(hmac.compare_digest(row.digest, digest) for digest in _digests(call)):
        raise Invalid.field("Idempotency-Key", "was used for another request", "idempotency_key_reused")
    call.data[REPLAYED] = True
    return reply_model.model_validate_json(row.reply)


def _digests(call: Any) -> list[str]:
    """Tell requests apart without keeping a fast hash of a password: the digest is keyed with a secret.

    The first is by the key that signs today; the others recognise requests from before the keys were rotated.
    """
    request = call.args[0].model_dump_json().encode()
    keys = keyring.from_config(call.config).keys
    return [hmac.new(key.secret.encode(), request, hashlib.sha256).hexdigest() for key in keys]
