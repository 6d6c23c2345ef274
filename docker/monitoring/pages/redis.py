"""Redis, by redis_exporter's names."""

from docker.monitoring.panels import Dashboard, Panel, Query
from docker.monitoring.promql import rate

REDIS = Dashboard(
    "redis",
    "Redis",
    "Limits, cached pages and who is at the screen, by redis_exporter. Everything in it can be lost.",
    [
        Panel(
            "Server",
            "1 while the exporter reaches it.",
            [Query("redis_up", "{{instance}}")],
            kind="stat",
            limits=(1,),
            falling=True,
        ),
        Panel(
            "Commands",
            "Per second.",
            [Query(rate("redis_commands_total", "cmd"), "{{cmd}}")],
            unit="ops",
        ),
        Panel(
            "Duration of a command",
            "Mean, inside the server.",
            [
                Query(
                    f"{rate('redis_commands_duration_seconds_total')} / {rate('redis_commands_total')}",
                    "mean",
                )
            ],
            unit="s",
        ),
        Panel(
            "Memory",
            "In use, and the limit at which it refuses writes; 0 is none.",
            [
                Query("redis_memory_used_bytes", "{{instance}}"),
                Query("redis_memory_max_bytes", "{{instance}}: limit"),
            ],
            unit="bytes",
        ),
        Panel(
            "Keys",
            "By database.",
            [Query("sum by (db) (redis_db_keys) > 0", "{{db}}")],
        ),
        Panel(
            "Clients",
            "Connected.",
            [Query("redis_connected_clients", "{{instance}}")],
        ),
        Panel(
            "Lookups",
            "Per second, of keys that were there and that were not.",
            [
                Query(rate("redis_keyspace_hits_total"), "there"),
                Query(rate("redis_keyspace_misses_total"), "not there"),
            ],
            unit="ops",
        ),
        Panel(
            "Keys gone",
            "Per second: expired, and evicted to make room, which must not happen.",
            [
                Query(rate("redis_expired_keys_total"), "expired"),
                Query(rate("redis_evicted_keys_total"), "evicted"),
            ],
            unit="ops",
        ),
    ],
)
