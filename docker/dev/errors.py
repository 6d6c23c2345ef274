"""The failures that a person is told about in a sentence; anything else is a bug and shows its traceback."""

from docker.dev.commands import CommandError
from docker.dev.environment import MissingVariableError
from docker.dev.places import ForeignDirectoryError
from docker.dev.ports import PortTakenError
from docker.dev.servers.haproxy import HaproxyError
from docker.dev.servers.postgresql import PostgresqlError
from docker.dev.sole import AlreadyRunsError
from docker.dev.topologies import TopologyError
from docker.dev.waiting import GiveUpError, TimeLimitError

EXPECTED = (
    AlreadyRunsError,
    CommandError,
    ForeignDirectoryError,
    GiveUpError,
    HaproxyError,
    MissingVariableError,
    PortTakenError,
    PostgresqlError,
    TimeLimitError,
    TopologyError,
)
