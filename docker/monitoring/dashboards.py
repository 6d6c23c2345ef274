"""The dashboards. After an edit: `python -m docker.monitoring.dashboards`, which writes dashboards/*.json."""

from collections.abc import Sequence
from pathlib import Path

from docker.monitoring.panels import Dashboard, Panel, Query

FOLDER = Path(__file__).with_name("dashboards")
WINDOW = "$__rate_interval"  # Grafana's: at least four scrapes


def rate(counter: str, *by: str) -> str:
    """Per second, added up over processes."""
    return f"sum{_by(by)} (rate({counter}[{WINDOW}]))"


def quantile(share: float, histogram: str, *by: str, where: str = "") -> str:
    """Return the value that this share of observations stays below."""
    labels = f"{{{where}}}" if where else ""
    return f"histogram_quantile({share}, sum{_by(('le', *by))} (rate({histogram}_bucket{labels}[{WINDOW}])))"


def share(part: str, whole: str) -> str:
    """Return a part of 1; 0 where the part never happened."""
    return f"({part} or vector(0)) / {whole}"


def _by(labels: Sequence[str]) -> str:
    return f" by ({', '.join(labels)})" if labels else ""


REQUESTS = "baraza_http_seconds_count"
CALLS = "baraza_rpc_client_seconds_count"
OWN_JOBS = 'job=~"users|feeds|notifications|deliveries|gateway|gateway-service"'


def of_process(job: str) -> list[Panel]:
    """Return what every Nameko process has."""
    here = f'job="{job}"'
    return [
        Panel(
            "Hub stalls",
            "For how much longer than it should a greenlet waits for its turn: what blocks the whole process.",
            [Query(quantile(0.99, "baraza_hub_stall_seconds", where=here), "99 %")],
            unit="s",
            limits=(0.1, 0.25),
        ),
        Panel(
            "Database connections",
            "In use, and how many there may be. On SQLite there is one.",
            [
                Query(f"max(baraza_database_connections{{{here}}})", "in use"),
                Query(f"max(baraza_database_connections_limit{{{here}}})", "at most"),
            ],
        ),
        Panel(
            "Outbox",
            "Events that the broker has not confirmed yet, and the age of the oldest.",
            [
                Query(f"max(baraza_outbox_events{{{here}}})", "events"),
                Query(f"max(baraza_outbox_age_seconds{{{here}}})", "age of the oldest, in seconds"),
            ],
        ),
        Panel(
            "Processor",
            "Cores in use. A Nameko process cannot use more than one.",
            [Query(f"rate(process_cpu_seconds_total{{{here}}}[{WINDOW}])", "{{instance}}")],
            unit="percentunit",
            limits=(0.7, 0.9),
        ),
        Panel(
            "Memory",
            "Resident.",
            [Query(f"process_resident_memory_bytes{{{here}}}", "{{instance}}")],
            unit="bytes",
        ),
        Panel(
            "Open files",
            "Connections to the broker, to databases and to providers among them.",
            [Query(f"process_open_fds{{{here}}}", "{{instance}}")],
        ),
    ]


def of_methods(service: str) -> list[Panel]:
    """Return what every service with RPC methods has."""
    here = f'service="{service}"'
    count = "baraza_rpc_seconds_count"
    return [
        Panel(
            "Calls",
            "RPC methods run per second.",
            [Query(rate(f"{count}{{{here}}}", "method"), "{{method}}")],
            unit="reqps",
        ),
        Panel(
            "Outcomes",
            "ok, the kind of refusal, or error for what nobody foresaw.",
            [Query(rate(f"{count}{{{here}}}", "outcome"), "{{outcome}}")],
            unit="reqps",
        ),
        Panel(
            "Duration of calls",
            "From the arrival of a request to its reply: 99 of 100 are faster.",
            [Query(quantile(0.99, "baraza_rpc_seconds", "method", where=here), "{{method}}")],
            unit="s",
            limits=(0.5, 1),
        ),
    ]


def of_events(service: str) -> list[Panel]:
    """Return what every service that hears events has."""
    here = f'service="{service}"'
    return [
        Panel(
            "Events handled",
            "Per second, with what became of them.",
            [Query(rate(f"baraza_event_seconds_count{{{here}}}", "handler", "outcome"), "{{handler}}: {{outcome}}")],
            unit="ops",
        ),
        Panel(
            "Duration of handlers",
            "99 of 100 are faster.",
            [Query(quantile(0.99, "baraza_event_seconds", "handler", where=here), "{{handler}}")],
            unit="s",
            limits=(1, 10),
        ),
        Panel(
            "Events waiting",
            "In the queues, for another attempt, and parked. Parked ones wait for an operator.",
            [Query(f"sum by (state) (max by (queue, state) (baraza_waiting_events{{{here}}}))", "{{state}}")],
        ),
    ]


OVERVIEW = Dashboard(
    "overview",
    "overview",
    "Is everything well, and if not, where to look.",
    [
        Panel(
            "Processes and servers",
            "1 while Prometheus reaches it, 0 when it is away.",
            [Query("min by (job) (up)", "{{job}}")],
            kind="stat",
            width=24,
            height=4,
            limits=(1,),
            falling=True,
        ),
        Panel(
            "Requests failed",
            "Share of HTTP requests that were answered with 5xx.",
            [Query(share(rate(f'{REQUESTS}{{status=~"5.."}}'), rate(REQUESTS)), "5xx")],
            unit="percentunit",
            kind="stat",
            width=4,
            height=5,
            limits=(0.005, 0.02),
        ),
        Panel(
            "Slow requests",
            "99 of 100 requests are faster.",
            [Query(quantile(0.99, "baraza_http_seconds"), "99 %")],
            unit="s",
            kind="stat",
            width=4,
            height=5,
            limits=(0.5, 1),
        ),
        Panel(
            "Websockets open",
            "Screens that are told at once.",
            [Query("sum(baraza_websockets)", "open")],
            kind="stat",
            width=4,
            height=5,
        ),
        Panel(
            "Deliveries late",
            "For how long the oldest e-mail or SMS has been due.",
            [Query("max(baraza_deliveries_due_age_seconds)", "oldest")],
            unit="s",
            kind="stat",
            width=4,
            height=5,
            limits=(60, 300),
        ),
        Panel(
            "Events parked",
            "They wait for an operator.",
            [Query('sum(max by (queue) (baraza_waiting_events{state="parked"}))', "parked")],
            kind="stat",
            width=4,
            height=5,
            limits=(1, 10),
        ),
        Panel(
            "Outbox",
            "Age of the oldest event that the broker has not confirmed.",
            [Query("max(baraza_outbox_age_seconds)", "oldest")],
            unit="s",
            kind="stat",
            width=4,
            height=5,
            limits=(10, 60),
        ),
        Panel(
            "Requests",
            "HTTP requests per second, by status.",
            [Query(rate(REQUESTS, "status"), "{{status}}")],
            unit="reqps",
        ),
        Panel(
            "Duration of requests",
            "From a request's first to its last header.",
            [
                Query(quantile(0.5, "baraza_http_seconds"), "50 %"),
                Query(quantile(0.95, "baraza_http_seconds"), "95 %"),
                Query(quantile(0.99, "baraza_http_seconds"), "99 %"),
            ],
            unit="s",
            limits=(0.5, 1),
        ),
        Panel(
            "Calls between services",
            "RPC of the gateway per second, by service.",
            [Query(rate(CALLS, "service"), "{{service}}")],
            unit="reqps",
        ),
        Panel(
            "From the post to the reader",
            "From the commit of a post to the last inbox row, and to the last frame: 99 of 100 are faster.",
            [
                Query(quantile(0.99, "baraza_fanout_seconds"), "last inbox row"),
                Query(quantile(0.99, "baraza_frame_seconds"), "last frame"),
            ],
            unit="s",
            limits=(5, 30),
        ),
        Panel(
            "Deliveries",
            "E-mail and SMS per second, with what became of them.",
            [Query(rate("baraza_deliveries_total", "channel", "outcome"), "{{channel}}: {{outcome}}")],
            unit="ops",
        ),
        Panel(
            "Events handled",
            "Per second, by service and what became of them.",
            [Query(rate("baraza_event_seconds_count", "service", "outcome"), "{{service}}: {{outcome}}")],
            unit="ops",
        ),
        Panel(
            "Hub stalls",
            "What blocks a whole process: 99 of 100 waits are shorter.",
            [Query(quantile(0.99, "baraza_hub_stall_seconds", "job"), "{{job}}")],
            unit="s",
            limits=(0.1, 0.25),
        ),
        Panel(
            "Processor",
            "Cores in use by the Nameko processes.",
            [Query(f"sum by (job) (rate(process_cpu_seconds_total{{{OWN_JOBS}}}[{WINDOW}]))", "{{job}}")],
            unit="percentunit",
            limits=(0.7, 0.9),
        ),
        Panel(
            "Memory",
            "Resident, of the Nameko processes and of RabbitMQ.",
            [
                Query(f"sum by (job) (process_resident_memory_bytes{{{OWN_JOBS}}})", "{{job}}"),
                Query("sum(rabbitmq_process_resident_memory_bytes)", "rabbitmq"),
            ],
            unit="bytes",
        ),
    ],
)

GATEWAY = Dashboard(
    "gateway",
    "gateway",
    "HTTP, websockets, and the gateway's Nameko class, which keeps the read model of authors.",
    [
        Panel(
            "Requests by route",
            "Per second. `none` are requests that no row of the route table fits.",
            [Query(rate(REQUESTS, "route"), "{{route}}")],
            unit="reqps",
        ),
        Panel(
            "Requests by status",
            "Per second.",
            [Query(rate(REQUESTS, "status"), "{{status}}")],
            unit="reqps",
        ),
        Panel(
            "Duration by route",
            "95 of 100 requests are faster.",
            [Query(quantile(0.95, "baraza_http_seconds", "route"), "{{route}}")],
            unit="s",
            limits=(0.5, 1),
        ),
        Panel(
            "Failed and throttled",
            "Shares of all requests: 5xx, and 429 for their number.",
            [
                Query(share(rate(f'{REQUESTS}{{status=~"5.."}}'), rate(REQUESTS)), "5xx"),
                Query(share(rate(f'{REQUESTS}{{status="429"}}'), rate(REQUESTS)), "429"),
            ],
            unit="percentunit",
            limits=(0.02, 0.1),
        ),
        Panel(
            "Calls to services",
            "RPC per second, with what became of them.",
            [Query(rate(CALLS, "service", "outcome"), "{{service}}: {{outcome}}")],
            unit="reqps",
        ),
        Panel(
            "Duration of calls",
            "From the request to the reply: 95 of 100 are faster.",
            [Query(quantile(0.95, "baraza_rpc_client_seconds", "service", "method"), "{{service}}.{{method}}")],
            unit="s",
            limits=(0.5, 1),
        ),
        Panel(
            "Calls under way",
            "Beyond 200 in a process the answer is 503.",
            [Query("sum(baraza_rpc_client_in_flight)", "under way")],
            limits=(100, 200),
        ),
        Panel(
            "Cached pages",
            "Share of lookups that found their page.",
            [Query(share(rate('baraza_page_cache_total{outcome="hit"}'), rate("baraza_page_cache_total")), "found")],
            unit="percentunit",
        ),
        Panel(
            "Websockets open",
            "A sudden fall means that the gateway was restarted or lost its network.",
            [Query("sum(baraza_websockets)", "open")],
        ),
        Panel(
            "From the post to the last frame",
            "Measured once for each page of people that a post is told to.",
            [
                Query(quantile(0.5, "baraza_frame_seconds"), "50 %"),
                Query(quantile(0.99, "baraza_frame_seconds"), "99 %"),
            ],
            unit="s",
            limits=(1, 5),
        ),
        *of_events("gateway"),
        *of_process("gateway-service"),
    ],
)

USERS = Dashboard("users", "users", "Accounts and sessions.", [*of_methods("users"), *of_process("users")])

FEEDS = Dashboard("feeds", "feeds", "Posts.", [*of_methods("feeds"), *of_process("feeds")])

NOTIFICATIONS = Dashboard(
    "notifications",
    "notifications",
    "Inboxes and fan-outs.",
    [
        *of_methods("notifications"),
        *of_events("notifications"),
        Panel(
            "Fan-out",
            "From the commit of a post to the last inbox row about it.",
            [
                Query(quantile(0.5, "baraza_fanout_seconds"), "50 %"),
                Query(quantile(0.99, "baraza_fanout_seconds"), "99 %"),
            ],
            unit="s",
            limits=(5, 30),
        ),
        Panel(
            "Posts told of",
            "Fan-outs finished per second.",
            [Query(rate("baraza_fanout_seconds_count"), "finished")],
            unit="ops",
        ),
        *of_process("notifications"),
    ],
)

DELIVERIES = Dashboard(
    "deliveries",
    "deliveries",
    "E-mail and SMS.",
    [
        Panel(
            "Deliveries",
            "Attempts per second with what became of them, and final delivery reports.",
            [Query(rate("baraza_deliveries_total", "channel", "outcome"), "{{channel}}: {{outcome}}")],
            unit="ops",
        ),
        Panel(
            "Failed",
            "Share of attempts and reports that say failed, or unknown: an SMS that may have been sent.",
            [
                Query(
                    share(rate('baraza_deliveries_total{outcome=~"failed|unknown"}'), rate("baraza_deliveries_total")),
                    "failed or unknown",
                )
            ],
            unit="percentunit",
            limits=(0.1, 0.2),
        ),
        Panel(
            "Due",
            "Due and not sent yet, counted up to 10,000.",
            [Query("max by (channel) (baraza_deliveries_due)", "{{channel}}")],
        ),
        Panel(
            "Age of the oldest that is due",
            "What is due is sent within seconds while the provider answers.",
            [Query("max by (channel) (baraza_deliveries_due_age_seconds)", "{{channel}}")],
            unit="s",
            limits=(60, 300),
        ),
        Panel(
            "Breakers",
            "1 while nothing, or a single try, is sent because the provider is in trouble.",
            [Query("max by (channel) (baraza_breaker_open)", "{{channel}}")],
            limits=(1,),
        ),
        *of_process("deliveries"),
    ],
)

RABBITMQ = Dashboard(
    "rabbitmq",
    "RabbitMQ",
    "The broker, by its own plugin rabbitmq_prometheus.",
    [
        Panel(
            "Messages in queues",
            "Ready, and handed out but not acknowledged. What grows without end has no reader.",
            [
                Query("sum(rabbitmq_queue_messages_ready)", "ready"),
                Query("sum(rabbitmq_queue_messages_unacked)", "not acknowledged"),
            ],
        ),
        Panel(
            "Messages",
            "Per second.",
            [
                Query(rate("rabbitmq_global_messages_received_total"), "published"),
                Query(rate("rabbitmq_global_messages_confirmed_total"), "confirmed"),
                Query(rate("rabbitmq_global_messages_delivered_total"), "delivered"),
                Query(rate("rabbitmq_global_messages_acknowledged_total"), "acknowledged"),
                Query(rate("rabbitmq_global_messages_redelivered_total"), "delivered again"),
            ],
            unit="ops",
        ),
        Panel(
            "Connections and consumers",
            "All processes together.",
            [
                Query("sum(rabbitmq_connections)", "connections"),
                Query("sum(rabbitmq_channels)", "channels"),
                Query("sum(rabbitmq_consumers)", "consumers"),
                Query("sum(rabbitmq_queues)", "queues"),
            ],
        ),
        Panel(
            "Memory",
            "At the limit it takes no more messages from anybody.",
            [
                Query("rabbitmq_process_resident_memory_bytes", "{{instance}}"),
                Query("rabbitmq_resident_memory_limit_bytes", "{{instance}}: limit"),
            ],
            unit="bytes",
        ),
        Panel(
            "Disk space left",
            "Below the limit it takes no more messages from anybody.",
            [
                Query("rabbitmq_disk_space_available_bytes", "{{instance}}"),
                Query("rabbitmq_disk_space_available_limit_bytes", "{{instance}}: limit"),
            ],
            unit="bytes",
        ),
        Panel(
            "Open files",
            "Connections and queues need them.",
            [
                Query("rabbitmq_process_open_fds", "{{instance}}"),
                Query("rabbitmq_process_max_fds", "{{instance}}: limit"),
            ],
        ),
        Panel(
            "Connections opened",
            "Per second. A steady rate means that somebody cannot stay.",
            [Query(f"rate(rabbitmq_connections_opened_total[{WINDOW}])", "{{instance}}")],
            unit="ops",
        ),
        Panel(
            "Messages that fit no queue",
            "Per second: returned to who sent them, or dropped.",
            [
                Query(rate("rabbitmq_global_messages_unroutable_returned_total"), "returned"),
                Query(rate("rabbitmq_global_messages_unroutable_dropped_total"), "dropped"),
            ],
            unit="ops",
        ),
    ],
)

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

ALL = (OVERVIEW, GATEWAY, USERS, FEEDS, NOTIFICATIONS, DELIVERIES, RABBITMQ, POSTGRESQL, REDIS)


def main() -> None:
    """Write every file."""
    for dashboard in ALL:
        (FOLDER / f"{dashboard.uid}.json").write_text(dashboard.json(), encoding="utf-8")


if __name__ == "__main__":
    main()
