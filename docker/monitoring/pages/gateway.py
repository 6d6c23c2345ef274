"""The web gateway."""

from docker.monitoring.pages.common import of_events, of_hub_and_database, of_process
from docker.monitoring.panels import Dashboard, Panel, Query
from docker.monitoring.promql import CALLS, REQUESTS, quantile, rate, share

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
        *of_hub_and_database("gateway", " of the web processes"),
        *of_events("gateway"),
        *of_process("gateway-service"),
    ],
)
