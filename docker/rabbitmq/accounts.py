"""RabbitMQ's users. `docker.rabbitmq.permissions` derives their permissions from this table."""

from dataclasses import dataclass

VHOST = "baraza"
# Has all permissions; for setup, the management interface and tests. No process of the platform uses it.
ADMINISTRATOR = "baraza"


@dataclass(frozen=True)
class Account:
    """A RabbitMQ user: the Nameko services that use it, and the services whose events it consumes."""

    name: str
    services: tuple[str, ...] = ()
    publishes: bool = False
    consumes: tuple[str, ...] = ()


# deliveries is a process of notifications: the same code, the same database, and so the same user.
ACCOUNTS = (
    Account("users", services=("users",), publishes=True),
    Account("feeds", services=("feeds",), publishes=True, consumes=("users",)),
    Account("notifications", services=("notifications", "deliveries"), publishes=True, consumes=("users", "feeds")),
    Account("gateway", services=("gateway",), consumes=("users", "feeds", "notifications")),
)
# For the operator's shell of `make run`: it calls services and consumes only replies. In containers the shell uses the
# user of its container.
OPERATOR = Account("operator")
