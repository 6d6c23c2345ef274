"""RabbitMQ, by its own plugin's names."""

from docker.monitoring.panels import Dashboard, Panel, Query
from docker.monitoring.promql import WINDOW, rate

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
