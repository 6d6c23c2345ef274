"""Every column of every service is exported, or left out with a reason: the export has what is stored about a user."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import Column, MetaData, String, Table

import feeds.export
import feeds.models
import gateway.exports.sources
import gateway.models
import notifications.export
import notifications.models
import users.export
import users.models
from chassis.contract.export import ExportPage
from chassis.db.export import Section
from chassis.db.tables import METADATA
from feeds.contract import PostData
from gateway.contract import GatewayData
from gateway.exports import file, sources
from notifications.contract import NotificationData
from tests.unit.containers.project import text
from users.contract import UserData

SPAN = re.compile(r"`(\w+)`")
LEFT_OUT_COLUMN = re.compile(r"`(\w+)`(?=, `|: )")


@dataclass(frozen=True)
class Exported:
    """A service's tables, what it exports of them, and what not."""

    tables: MetaData
    sections: Sequence[Section]
    left_out: dict[str, str]
    reply: type[ExportPage]

    def columns(self) -> set[str]:
        tables = [*self.tables.tables.values(), *METADATA.tables.values()]
        return {f"{table.name}.{column.name}" for table in tables for column in table.columns}


SERVICES = {
    "users": Exported(users.models.Base.metadata, users.export.SECTIONS, users.export.LEFT_OUT, UserData),
    "feeds": Exported(feeds.models.Base.metadata, feeds.export.SECTIONS, feeds.export.LEFT_OUT, PostData),
    "notifications": Exported(
        notifications.models.Base.metadata,
        notifications.export.SECTIONS,
        notifications.export.LEFT_OUT,
        NotificationData,
    ),
    "gateway": Exported(
        gateway.models.Base.metadata, gateway.exports.sources.SECTIONS, gateway.exports.sources.LEFT_OUT, GatewayData
    ),
}

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def exported(service: Exported) -> set[str]:
    return set().union(*(section.exported_columns() for section in service.sections))


def neither_exported_nor_left_out(service: Exported) -> set[str]:
    left_out = service.left_out
    return {
        column
        for column in service.columns() - exported(service)
        if column not in left_out and column.partition(".")[0] not in left_out
    }


@each_service
def test_every_column_is_exported_or_left_out_with_a_reason(service: Exported) -> None:
    assert neither_exported_nor_left_out(service) == set()
    assert all(service.left_out.values())


@each_service
def test_what_is_left_out_exists_and_is_not_exported(service: Exported) -> None:
    tables = {column.partition(".")[0] for column in service.columns()}
    assert service.left_out.keys() <= service.columns() | tables
    assert service.left_out.keys() & exported(service) == set()


@each_service
def test_every_section_fills_all_fields_of_its_record_and_a_field_of_the_reply(service: Exported) -> None:
    for section in service.sections:
        assert section.columns.keys() | section.derived.keys() == section.record.model_fields.keys()
        assert service.reply.model_fields[section.name].annotation == list[section.record]  # type: ignore[name-defined] # a value
    assert [section.name for section in service.sections] == [*service.reply.model_fields][1:]


def test_file_has_every_section_of_every_service_in_the_order_in_which_they_are_read() -> None:
    assert [*SERVICES] == [*sources.ORDER]
    names = [section.name for service in SERVICES.values() for section in service.sections]
    assert [*file.SECTIONS] == names


def documented(service: str) -> dict[str, tuple[set[str], set[str], str]]:
    """Return the sections, the columns that are left out, and the reasons, by table."""
    rows = re.findall(rf"^\| {service} \| `(\w+)` \|(.*)\|(.*)\|$", text("docs/security.md"), re.MULTILINE)
    return {
        table: ({*SPAN.findall(inside)}, {*LEFT_OUT_COLUMN.findall(outside)}, outside)
        for table, inside, outside in rows
    }


@pytest.mark.parametrize("name", SERVICES)
def test_documentation_has_what_is_exported_and_what_is_left_out(name: str) -> None:
    service, page = SERVICES[name], documented(name)
    assert page.keys() == service.tables.tables.keys()
    for table, (sections, left_out, reasons) in page.items():
        columns = {f"{table}.{column.name}" for column in service.tables.tables[table].columns}
        own = {section.name for section in service.sections if section.exported_columns(owner=False) & columns}
        assert sections == own
        assert left_out == {column.partition(".")[2] for column in columns & service.left_out.keys()}
        named = columns | {table}
        assert all(reason in reasons for column, reason in service.left_out.items() if column in named)


@pytest.mark.parametrize(("name", "table"), [("users", "users"), ("notifications", "inbox")])
def test_new_column_or_table_is_noticed(name: str, table: str) -> None:
    service = SERVICES[name]
    tables = MetaData()
    for one in service.tables.tables.values():
        one.to_metadata(tables)
    assert neither_exported_nor_left_out(Exported(tables, service.sections, service.left_out, service.reply)) == set()
    tables.tables[table].append_column(Column("nickname", String))
    Table("new_table", tables, Column("nickname", String))
    found = neither_exported_nor_left_out(Exported(tables, service.sections, service.left_out, service.reply))
    assert f"{table}.nickname" in found
    assert "new_table.nickname" in found
