from datetime import UTC, datetime, timedelta, timezone

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Dialect, Engine, Integer, MetaData, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from chassis.db.columns import UtcDateTime

METADATA = MetaData()
times = Table("times", METADATA, Column("id", Integer, primary_key=True), Column("at", UtcDateTime))
NAIROBI = timezone(timedelta(hours=3))
SQLITE: Dialect = sqlite.dialect()
POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


@given(time=st.none() | st.datetimes(datetime(1000, 1, 1), timezones=st.sampled_from([UTC, NAIROBI])))  # noqa: DTZ001
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_time_loaded_from_sqlite_is_aware_and_in_utc(engine: Engine, time: datetime | None) -> None:
    METADATA.create_all(engine)
    with engine.begin() as connection:
        (key,) = connection.execute(insert(times).values(at=time)).inserted_primary_key or (0,)
        loaded: datetime | None = connection.scalar(select(times.c.at).where(times.c.id == key))
    assert loaded == time
    assert loaded is None or loaded.tzinfo == UTC


def test_zone_is_removed_for_sqlite_only() -> None:
    time = datetime(2026, 1, 1, 3, tzinfo=NAIROBI)
    assert UtcDateTime().process_bind_param(time, SQLITE) == datetime(2026, 1, 1)  # noqa: DTZ001
    assert UtcDateTime().process_bind_param(time, POSTGRESQL) == datetime(2026, 1, 1, tzinfo=UTC)


def test_time_loaded_from_postgresql_is_converted_to_utc() -> None:
    loaded = UtcDateTime().process_result_value(datetime(2026, 1, 1, 3, tzinfo=NAIROBI), POSTGRESQL)
    assert loaded is not None
    assert (loaded, loaded.tzinfo) == (datetime(2026, 1, 1, tzinfo=UTC), UTC)
