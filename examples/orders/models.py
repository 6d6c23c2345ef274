"""The tables of the service."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.db.columns import UtcDateTime, UuidText


class Base(DeclarativeBase):
    """Base of the models."""


class Order(Base):
    """An order."""

    __tablename__ = "orders"

    id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    item: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int]
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Invoice(Base):
    """An invoice; the primary key allows only one for each order."""

    __tablename__ = "invoices"

    order_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    total: Mapped[int]


class Parcel(Base):
    """A parcel; the primary key allows only one for each order."""

    __tablename__ = "parcels"

    order_id: Mapped[str] = mapped_column(UuidText, primary_key=True)
    item: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int]
