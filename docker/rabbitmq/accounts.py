"""Who has a user of RabbitMQ. What each may do follows from this table: `docker.rabbitmq.permissions`."""

from dataclasses import dataclass

VHOST = "baraza"
# May do everything, and is for setting up, for the management interface and for tests. No process of ours has it.
ADMINISTRATOR = "baraza"


@dataclass(frozen=True)
class Account:
    """A user of the broker: the Nameko services that run as it, and whose events it tells and hears."""

    name: str
    services: tuple[str, ...] = ()
    publishes: bool = False
    hears: tuple[str, ...] = ()


# deliveries is a process of notifications: the same code, the same database, and so the same user.
ACCOUNTS = (
    Account("users", services=("users",), publishes=True),
    Account("feeds", services=("feeds",), publishes=True, hears=("users",)),
    Account("notifications", services=("notifications", "deliveries"), publishes=True, hears=("users", "feeds")),
    Account("gateway", services=("gateway",), hears=("users", "feeds", "notifications")),
)
# For a shell that is no service's: it calls, and hears nothing but replies. `make run` has it. In containers the shell
# runs as the service whose container it is in.
OPERATOR = Account("operator")
