"""What several dashboards have."""

from docker.monitoring.panels import Panel, Query
from docker.monitoring.promql import WINDOW, quantile, rate


def of_hub_and_database(job: str, whose: str = "") -> list[Panel]:
    """Return what every process of ours has; `whose` ends the titles where a dashboard has several."""
    here = f'job="{job}"'
    return [
        Panel(
            f"Hub stalls{whose}",
            "For how much longer than it should a greenlet waits for its turn: what blocks the whole process.",
            [Query(quantile(0.99, "baraza_hub_stall_seconds", where=here), "99 %")],
            unit="s",
            limits=(0.1, 0.25),
        ),
        Panel(
            f"Database connections{whose}",
            "In use, and how many there may be. On SQLite there is one.",
            [
                Query(f"max(baraza_database_connections{{{here}}})", "in use"),
                Query(f"max(baraza_database_connections_limit{{{here}}})", "at most"),
            ],
        ),
    ]


def of_process(job: str) -> list[Panel]:
    """Return what every Nameko process has."""
    here = f'job="{job}"'
    return [
        *of_hub_and_database(job),
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
