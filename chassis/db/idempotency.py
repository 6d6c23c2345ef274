"""Idempotency keys: a repeated write with the same key returns the stored reply of the first one."""

import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Row, Select, bindparam, delete, select, update
from sqlalchemy.orm import Session

from chassis import clock
from chassis.amqp import message_headers
from chassis.auth import keyring
from chassis.contract import Message
from chassis.db import sealed_replies
from chassis.db.sql import insert_new
from chassis.db.tables import handled_requests
from chassis.errors import Invalid

RETENTION = timedelta(hours=24)
# A request with a generated key is repeated by the broker only, within its deadline.
GENERATED_RETENTION = timedelta(minutes=15)
_LOOKBACK = timedelta(minutes=10)  # older replies to generated keys were deleted before, or are after RETENTION
_NO_DIGEST = ""

Reply = TypeVar("Reply", bound=Message)

# Built once, because building a statement costs more than running it. A parameter may not have the name of a column.
_STORE_REPLY = (
    update(handled_requests)
    .where(handled_requests.c.key == bindparam("request_key"))
    .values(reply=bindparam("first_reply"))
)


def once(session: Session, call: Any, reply_model: type[Reply], write: Callable[[Session], Reply]) -> Reply:
    """Run `write` in this transaction and store its reply, or return the stored reply of the first run.

    `call` is Nameko's worker context; its key is scoped by method. Without a key `write` simply runs. Raises Invalid if
    the key was used for a different request, which a generated key cannot be. A call that arrives while the first one
    runs waits for it in the database, at the unique key. A reply with secrets is stored encrypted.
    """
    key = _key(call)
    if key is None:
        return write(session)
    digest = _NO_DIGEST if _is_generated(call) else _digests(call)[0]
    row = {"key": key, "digest": digest, "reply": "", "created_at": clock.now()}
    if not insert_new(session, handled_requests, row):
        return _first_reply(call, session.execute(_stored(call)).one(), reply_model)
    reply = write(session)
    session.connection().execute(_STORE_REPLY, {"request_key": key, "first_reply": sealed_replies.dump(call, reply)})
    return reply


def may_be_repeated(call: Any) -> bool:
    """Return whether there may be a reply to an earlier delivery or an earlier request with the same key."""
    return _key(call) is not None and not (_is_generated(call) and not call.data.get(message_headers.REDELIVERED))


def previous_reply(session: Session, call: Any, reply_model: type[Reply]) -> Reply | None:
    """Return the stored reply if the request is repeated, otherwise None; for writes that call other services first."""
    row = session.execute(_stored(call)).one_or_none()
    return None if row is None else _first_reply(call, row, reply_model)


def delete_expired(session: Session) -> None:
    """Delete replies older than RETENTION, and those to generated keys older than GENERATED_RETENTION."""
    created_at, now = handled_requests.c.created_at, clock.now()
    session.execute(delete(handled_requests).where(created_at < now - RETENTION))
    recent = created_at.between(now - GENERATED_RETENTION - _LOOKBACK, now - GENERATED_RETENTION)
    session.execute(delete(handled_requests).where(recent, handled_requests.c.digest == _NO_DIGEST))


def _key(call: Any) -> str | None:
    request_key = call.data.get(message_headers.REQUEST_KEY)
    return None if request_key is None else f"{call.entrypoint.method_name}:{request_key}"


def _is_generated(call: Any) -> bool:
    return str(call.data[message_headers.REQUEST_KEY]).startswith(message_headers.GENERATED)


def _stored(call: Any) -> Select[Any]:
    return select(handled_requests).where(handled_requests.c.key == _key(call))


def _first_reply(call: Any, row: Row[Any], reply_model: type[Reply]) -> Reply:
    if not _is_generated(call) and not any(hmac.compare_digest(row.digest, digest) for digest in _digests(call)):
        raise Invalid.field("Idempotency-Key", "was used for another request", "idempotency_key_reused")
    call.data[message_headers.REPLAYED] = True
    return sealed_replies.load(call, reply_model, row.reply)


def _digests(call: Any) -> list[str]:
    """Return a digest of the request for each private key of the service; the first one is stored.

    Digests are keyed with a secret, because a request can contain a password. Those of the other keys recognise
    requests from before a key rotation.
    """
    request = call.args[0].model_dump_json().encode()
    keys = keyring.from_config(call.config).secrets(call.service_name)
    return [hmac.digest(key.text.encode(), request, "sha256").hex() for key in keys]
