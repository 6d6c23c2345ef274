"""Who is told, and how that goes."""

from docker.monitoring.pages.common import of_events, of_methods, of_process
from docker.monitoring.panels import Dashboard, Panel, Query
from docker.monitoring.promql import quantile, rate, share

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
