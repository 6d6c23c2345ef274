from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from chassis import clock
from chassis.amqp import message_headers
from chassis.auth.keys import generate
from chassis.contract import Message
from chassis.db import idempotency
from chassis.db.tables import handled_requests
from chassis.db.unit_of_work import UnitOfWork
from chassis.errors import Conflict

GENERATED = f"{message_headers.GENERATED}01"
SECOND = timedelta(seconds=1)
OLD, NEW = str(generate("shop/k1")), str(generate("shop/k2"))


class Order(Message):
    text: str


class Receipt(Message):
    number: int


def call_of(
    key: str | None, text: str = "tea", method: str = "order", keys: str = OLD, *, redelivered: bool = False
) -> SimpleNamespace:
    return SimpleNamespace(
        data={message_headers.REDELIVERED: redelivered} | ({message_headers.REQUEST_KEY: key} if key else {}),
        entrypoint=SimpleNamespace(method_name=method),
        args=(Order(text=text),),
        service_name="shop",
        config={"service_token_keys": keys, "service_token_issuers": []},
    )


class Shop:
    """Counts its orders."""

    def __init__(self, db: UnitOfWork) -> None:
        self._db = db
        self.orders = 0

    def order(
        self, key: str | None, text: str = "tea", method: str = "order", keys: str = OLD
    ) -> tuple[Receipt, SimpleNamespace]:
        call = call_of(key, text, method, keys)
        with self._db.write() as session:
            return idempotency.once(session, call, Receipt, self._write), call

    def _write(self, _session: Session) -> Receipt:
        self.orders += 1
        if self.orders > 10:
            raise Conflict("Sold out.")
        return Receipt(number=self.orders)


@pytest.fixture
def shop(db: UnitOfWork) -> Shop:
    return Shop(db)


def test_other_keys_other_methods_and_no_key_are_other_requests(shop: Shop) -> None:
    replies = [shop.order("a"), shop.order("b"), shop.order("a", method="buy"), shop.order(None), shop.order(None)]
    assert [reply.number for reply, _ in replies] == [1, 2, 3, 4, 5]


def test_failed_write_can_be_repeated_with_its_key(shop: Shop) -> None:
    shop.orders = 10
    with pytest.raises(Conflict):
        shop.order("a")
    shop.orders = 0
    assert shop.order("a")[0].number == 1


def test_repeated_request_is_recognised_after_a_key_rotation(shop: Shop) -> None:
    first, _ = shop.order("a", keys=OLD)
    assert shop.order("a", keys=f"{NEW},{OLD}")[0] == first


def test_neither_the_request_nor_a_plain_hash_of_it_is_stored(shop: Shop, engine: Engine) -> None:
    shop.order("a", "my password", keys=OLD)
    shop.order("b", "my password", keys=NEW)
    with engine.begin() as connection:
        rows = connection.execute(select(handled_requests)).all()
    assert "my password" not in str(rows)
    assert len({row.digest for row in rows}) == 2


def test_of_a_request_with_a_generated_key_not_even_a_digest_is_stored(shop: Shop, engine: Engine) -> None:
    first, _ = shop.order(GENERATED, "my password")
    assert shop.order(GENERATED, "my password")[0] == first
    with engine.begin() as connection:
        assert connection.scalars(select(handled_requests.c.digest)).all() == [""]


@pytest.mark.parametrize(
    ("key", "redelivered", "looked_up"),
    [(None, True, False), ("a", False, True), ("a", True, True), (GENERATED, False, False), (GENERATED, True, True)],
)
def test_earlier_reply_is_looked_up_only_if_there_may_be_one(
    key: str | None, *, redelivered: bool, looked_up: bool
) -> None:
    assert idempotency.may_be_repeated(call_of(key, redelivered=redelivered)) == looked_up


@pytest.mark.parametrize(
    ("age", "left"),
    [
        (idempotency.RETENTION, ["order:young"]),
        (idempotency.GENERATED_RETENTION, ["order:old", "order:young"]),
        (idempotency.GENERATED_RETENTION - 2 * SECOND, ["order:old", f"order:{GENERATED}", "order:young"]),
    ],
)
def test_only_expired_replies_are_deleted(
    shop: Shop, db: UnitOfWork, monkeypatch: pytest.MonkeyPatch, age: timedelta, left: list[str]
) -> None:
    shop.order("old")
    shop.order(GENERATED)
    later = clock.now() + age + SECOND
    monkeypatch.setattr(clock, "now", lambda: later)
    shop.order("young")
    with db.write() as session:
        idempotency.delete_expired(session)
        assert session.scalars(select(handled_requests.c.key).order_by(handled_requests.c.key)).all() == sorted(left)
