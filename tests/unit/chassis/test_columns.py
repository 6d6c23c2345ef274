from datetime import UTC, datetime, timedelta, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Dialect, Engine, Integer, MetaData, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from chassis.db.columns import UtcDateTime

METADATA = MetaData()
things = Table("things", METADATA, Column("id", Integer, primary_key=True), Column("at", UtcDateTime))
NAIROBI = timezone(timedelta(hours=3))
SQLITE: Dialect = sqlite.dialect()
POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


def stored(engine: Engine, moment: datetime | None) -> datetime | None:
    METADATA.create_all(engine)
    with engine.begin() as connection:
        key = connection.execute(insert(things).values(at=moment)).inserted_primary_key
        assert key is not None
        found: datetime | None = connection.scalar(select(things.c.at).where(things.c.id == key[0]))
        return found


@given(moment=st.datetimes(datetime(1000, 1, 1), timezones=st.sampled_from([UTC, NAIROBI])))  # noqa: DTZ001
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_a_moment_comes_back_from_sqlite_aware_and_in_utc(engine: Engine, moment: datetime) -> None:
    found = stored(engine, moment)
    assert found is not None
    assert (found, found.tzinfo) == (moment, UTC)


def test_no_moment_stays_none(engine: Engine) -> None:
    assert stored(engine, None) is None


def test_only_sqlite_loses_the_zone_on_the_way() -> None:
    moment = datetime(2026, 1, 1, 3, tzinfo=NAIROBI)
    assert UtcDateTime().process_bind_param(moment, SQLITE) == datetime(2026, 1, 1)  # noqa: DTZ001
    assert UtcDateTime().process_bind_param(moment, POSTGRESQL) == datetime(2026, 1, 1, tzinfo=UTC)


def test_postgresql_answers_in_its_own_zone_and_we_in_utc() -> None:
    found = UtcDateTime().process_result_value(datetime(2026, 1, 1, 3, tzinfo=NAIROBI), POSTGRESQL)
    assert found is not None
    assert (found, found.tzinfo) == (datetime(2026, 1, 1, tzinfo=UTC), UTC)
