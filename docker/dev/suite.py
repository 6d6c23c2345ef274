"""What `make check` and `make test` run, in order. Edit here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A command in which {NAME} is a variable of the environment, and the folders it gets as arguments.

    Without any of its folders a step is left out.
    """

    title: str
    command: tuple[str, ...]
    folders: tuple[str, ...] = ()


# Nameko's fixtures make a virtual host per test over the management interface.
_BROKER = ("--amqp-uri={AMQP_URI}", "--rabbit-api-uri={BARAZA_RABBITMQ_MANAGEMENT}")

CHECKS = (
    Step("ruff check", ("ruff", "check")),
    Step("ruff format", ("ruff", "format", "--check")),
    Step("mypy", ("mypy",), ("chassis", "users", "feeds", "notifications", "gateway", "docker", "tests")),
    Step("lint-imports", ("lint-imports",)),
)
TESTS = (
    Step("unit", ("python", "-m", "pytest"), ("tests/unit",)),
    # Services live under eventlet, so their tests do too; the gateway lives under gevent, its clients under neither.
    Step("services", ("python", "-m", "nameko", "test", *_BROKER), ("tests/integration", "tests/contract")),
    Step("gateway", ("python", "-m", "gevent.monkey", "--module", "pytest"), ("tests/gateway",)),
    Step("end to end", ("python", "-m", "pytest"), ("tests/e2e",)),
)
