"""Keyed writes: the same key and request give the same reply, however often the broker or a client repeats them."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from chassis import clock, context, tokens
from chassis.contract import Message
from chassis.errors import Invalid
from chassis.sql import insert_new
from chassis.tables import handled_requests

KEPT = timedelta(hours=24)
REPLAYED = "replayed"

Reply = TypeVar("Reply", bound=Message)


def once(session: Session, call: Any, reply_model: type[Reply], write: Callable[[Session], Reply]) -> Reply:
    """Run `write` in this transaction, or return the reply of its first run.

    `call` is Nameko's worker context; its request key is scoped by method. Without a key the write just runs. A key
    that was used for another request raises Invalid. A second call that arrives while the first one runs waits for it
    at the unique key.
    """
    request_key = call.data.get(context.REQUEST_KEY)
    if request_key is None:
        return write(session)
    key = f"{call.entrypoint.method_name}:{request_key}"
    digests = _digests(call)
    row = {"key": key, "digest": digests[0], "reply": "", "created_at": clock.now()}
    if not insert_new(session, handled_requests, row):
        call.data[REPLAYED] = True
        return reply_model.model_validate_json(_first_reply(session, key, digests))
    reply = write(session)
    values = {"reply": reply.model_dump_json()}
    session.execute(update(handled_requests).where(handled_requests.c.key == key).values(values))
    return reply


def first_time(session: Session, fact: str) -> bool:
    """Note in this transaction that a fact was handled; return False if it was before. Kept for KEPT."""
    return insert_new(session, handled_requests, {"key": fact, "digest": "", "reply": "", "created_at": clock.now()})


def forget_old(session: Session) -> None:
    """Remove the replies that nobody may ask for again."""
    session.execute(delete(handled_requests).where(handled_requests.c.created_at < clock.now() - KEPT))


def _first_reply(session: Session, key: str, digests: list[str]) -> str:
    row = session.execute(select(handled_requests).where(handled_requests.c.key == key)).one()
    if not any(hmac.compare_digest(row.digest, digest) for digest in digests):
        raise Invalid.field("Idempotency-Key", "was used for another request", "idempotency_key_reused")
    return str(row.reply)


def _digests(call: Any) -> list[str]:
    """Tell requests apart without keeping a fast hash of a password: the digest is keyed with a secret.

    The first is by the key that signs today; the others recognise requests from before the keys were rotated.
    """
    request = call.args[0].model_dump_json().encode()
    keys = tokens.parse_keys(call.config["service_token_keys"])
    return [hmac.new(key.secret.encode(), request, hashlib.sha256).hexdigest() for key in keys]
