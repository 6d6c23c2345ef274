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

OLD, NEW = str(generate("shop/k1")), str(generate("shop/k2"))


class Order(Message):
    text: str


class Receipt(Message):
    number: int


class Shop:
    """Counts its orders."""

    def __init__(self, db: UnitOfWork) -> None:
        self._db = db
        self.orders = 0

    def order(
        self, key: str | None, text: str = "tea", method: str = "order", keys: str = OLD
    ) -> tuple[Receipt, SimpleNamespace]:
        call = SimpleNamespace(
            data={message_headers.REQUEST_KEY: key} if key else {},
            entrypoint=SimpleNamespace(method_name=method),
            args=(Order(text=text),),
            service_name="shop",
            config={"service_token_keys": keys, "service_token_issuers": []},
        )
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


def test_only_expired_replies_are_deleted(shop: Shop, db: UnitOfWork, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.order("old")
    later = clock.now() + idempotency.RETENTION + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    shop.order("young")
    with db.write() as session:
        idempotency.delete_expired(session)
        assert session.scalars(select(handled_requests.c.key)).all() == ["order:young"]
