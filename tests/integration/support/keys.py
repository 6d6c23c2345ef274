"""Keys of all services for one process: these tests run the services in the process of the tests."""

import os

from chassis.auth.keys import generate

SERVICES = ("users", "feeds", "notifications", "deliveries", "gateway", "operator")
SAMPLES = ("orders", "invoices", "warehouse", "batches", "shop", "archive")


def set_keys(*more: str) -> None:
    """Set the variable of this process and of those that it starts."""
    os.environ["SERVICE_TOKEN_KEYS"] = ",".join(
        str(generate(f"{service}/k1")) for service in (*SERVICES, *SAMPLES, *more)
    )
