"""PostgreSQL, by postgres_exporter's names."""

from docker.monitoring.panels import Dashboard, Panel, Query
from docker.monitoring.promql import rate

DATABASES = 'datname!~"template.*|"'

POSTGRESQL = Dashboard(
    "postgresql",
    "PostgreSQL",
    "The databases, by postgres_exporter.",
    [
        Panel(
            "Servers",
            "1 while the exporter reaches its server.",
            [Query("pg_up", "{{instance}}")],
            kind="stat",
            limits=(1,),
            falling=True,
        ),
        Panel(
            "Connections",
            "Open ones, and how many there may be.",
            [
                Query("sum by (instance) (pg_stat_database_numbackends)", "{{instance}}"),
                Query("pg_settings_max_connections", "{{instance}}: at most"),
            ],
        ),
        Panel(
            "Transactions",
            "Committed and rolled back per second.",
            [
                Query(rate(f"pg_stat_database_xact_commit{{{DATABASES}}}", "datname"), "{{datname}}: committed"),
                Query(rate(f"pg_stat_database_xact_rollback{{{DATABASES}}}", "datname"), "{{datname}}: rolled back"),
            ],
            unit="ops",
        ),
        Panel(
            "Rows",
            "Written per second.",
            [
                Query(rate(f"pg_stat_database_tup_inserted{{{DATABASES}}}", "datname"), "{{datname}}: new"),
                Query(rate(f"pg_stat_database_tup_updated{{{DATABASES}}}", "datname"), "{{datname}}: changed"),
                Query(rate(f"pg_stat_database_tup_deleted{{{DATABASES}}}", "datname"), "{{datname}}: deleted"),
            ],
            unit="ops",
        ),
        Panel(
            "Found in memory",
            "Share of blocks that needed no read from the disk.",
            [
                Query(
                    f"{rate(f'pg_stat_database_blks_hit{{{DATABASES}}}', 'datname')} / "
                    f"({rate(f'pg_stat_database_blks_hit{{{DATABASES}}}', 'datname')} + "
                    f"{rate(f'pg_stat_database_blks_read{{{DATABASES}}}', 'datname')})",
                    "{{datname}}",
                )
            ],
            unit="percentunit",
        ),
        Panel(
            "Size",
            "On the disk.",
            [Query(f"max by (datname) (pg_database_size_bytes{{{DATABASES}}})", "{{datname}}")],
            unit="bytes",
        ),
        Panel(
            "Locks",
            "Held or waited for, by kind.",
            [Query(f"sum by (mode) (pg_locks_count{{{DATABASES}}})", "{{mode}}")],
        ),
        Panel(
            "Deadlocks",
            "Per second. PostgreSQL ends one of the two.",
            [Query(rate(f"pg_stat_database_deadlocks{{{DATABASES}}}", "datname"), "{{datname}}")],
            unit="ops",
        ),
        Panel(
            "Longest transaction",
            "One that stays open keeps dead rows from being removed.",
            [Query(f"max by (datname) (pg_stat_activity_max_tx_duration{{{DATABASES}}})", "{{datname}}")],
            unit="s",
        ),
    ],
)
