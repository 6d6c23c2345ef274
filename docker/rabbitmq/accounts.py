"""The users of RabbitMQ; `docker.rabbitmq.permissions` derives their permissions from this table."""

from dataclasses import dataclass

VHOST = "baraza"
# Has all permissions: for setup, for the management interface and for tests. No process of the platform uses it.
ADMINISTRATOR = "baraza"


@dataclass(frozen=True)
class Account:
    """A user of RabbitMQ: the Nameko services that run as it, and the accounts whose events they consume."""

    name: str
    services: tuple[str, ...] = ()
    publishes: bool = False  # events of its own
    consumes: tuple[str, ...] = ()


# deliveries is a process of notifications, with the same code and database, so it has the same user.
ACCOUNTS = (
    Account("users", services=("users",), publishes=True),
    Account("feeds", services=("feeds",), publishes=True, consumes=("users",)),
    Account("notifications", services=("notifications", "deliveries"), publishes=True, consumes=("users", "feeds")),
    Account("gateway", services=("gateway",), consumes=("users", "feeds", "notifications")),
)
# For the operator's shell of `make run`, which only makes RPC calls. Elsewhere the shell connects as `users`, with the
# operator's key.
OPERATOR = Account("operator")
