"""What `make check` and `make test` run. Edit here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from docker.dev.places import ROOT


@dataclass(frozen=True)
class Step:
    """A command, and the folders or files it gets as arguments; without any of them a step is left out.

    In the command, and in what it adds to the environment, {NAME} is a variable of the environment.
    """

    title: str
    command: tuple[str, ...]
    folders: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lane:
    """Steps that run one after the other, with servers of their own; lanes run side by side.

    `given` are variables that it adds to the user's.
    """

    name: str
    steps: tuple[Step, ...]
    given: Mapping[str, str] = field(default_factory=dict)


# Nameko's fixtures make a virtual host per test over the management interface.
_BROKER = ("--amqp-uri={AMQP_URI}", "--rabbit-api-uri={BARAZA_RABBITMQ_MANAGEMENT}")
# For services whose default is SQLite.
_ON_POSTGRESQL = {
    "FEEDS_DB_URI": "{BARAZA_FEEDS_POSTGRESQL}",
    "NOTIFICATIONS_DB_URI": "{BARAZA_NOTIFICATIONS_POSTGRESQL}",
}

_DOCKERFILES = sorted(str(file.relative_to(ROOT)) for file in ROOT.glob("docker/*/Dockerfile"))

CHECKS = (
    Step("ruff check", ("ruff", "check")),
    Step("ruff format", ("ruff", "format", "--check")),
    Step("mypy", ("mypy",), ("chassis", "users", "feeds", "notifications", "gateway", "docker", "tests", "bench")),
    Step("lint-imports", ("lint-imports",)),
    Step("hadolint", ("hadolint", *_DOCKERFILES)),
    Step("docs", ("sphinx-build", "--quiet", "--fail-on-warning", "--conf-dir", "docs", ".", ".run/site")),
)
UNIT = Step("unit", ("python", "-m", "pytest"), ("tests/unit",))
GATEWAY = Step("gateway", ("python", "-m", "gevent.monkey", "--module", "pytest"), ("tests/gateway",))
END_TO_END = Step("end to end", ("python", "-m", "pytest"), ("tests/e2e",))
ROLLING = Step("rolling restart", ("python", "-m", "pytest"), ("tests/scale/test_rolling_restart.py",))
TWO_OF_EVERYTHING = Step("two of everything", ("python", "-m", "pytest"), ("tests/scale",))


def _services(title: str, *folders: str, environment: Mapping[str, str] | None = None) -> Step:
    """Return a step under eventlet, where services live; the gateway lives under gevent, its clients under neither."""
    return Step(title, ("python", "-m", "nameko", "test", *_BROKER), folders, environment or {})


_SMALL = ("tests/integration/feeds", "tests/integration/notifications")
_OTHERS = (*(f"tests/integration/{name}" for name in ("chassis", "dev", "gateway", "users")), "tests/contract")

# Whoever is told of everything while all is restarted gets many texts.
_SCALE = {"TOPOLOGY": "scale", "SMS_PER_NUMBER": "10000"}

# The first three are about equally long; the last begins when the first of them is done.
AT_ONCE = 3
LANES = (
    Lane("services", (UNIT, _services("services", *_OTHERS))),
    Lane(
        "databases",
        (
            *CHECKS,
            _services("on SQLite", *_SMALL),
            _services("on PostgreSQL", *_SMALL, environment=_ON_POSTGRESQL),
            GATEWAY,
        ),
    ),
    Lane("e2e", (END_TO_END,)),
    Lane("scale", (ROLLING,), _SCALE),
)
# What `make test` has no time for.
SCALE = (Lane("scale", (END_TO_END, TWO_OF_EVERYTHING), _SCALE),)
