"""What `make check`, `make test` and `make try` run. Add a check or a folder of tests here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dev.machine.files import ROOT


@dataclass(frozen=True)
class Step:
    """A command with folders, files or tests as arguments; without any that exists the step is left out."""

    title: str
    command: tuple[str, ...]
    folders: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)  # the value names a variable of the instance
    limit: int = 900  # seconds after which it is killed

    def existing_folders(self) -> list[str]:
        """Return those of its folders that exist."""
        return [folder for folder in self.folders if (ROOT / folder.partition("::")[0]).exists()]


@dataclass(frozen=True)
class Lane:
    """Steps that run one after the other on one instance, or without servers; lanes run at the same time."""

    name: str  # of the instance; empty: no servers
    steps: tuple[Step, ...]
    given: Mapping[str, str] = field(default_factory=dict)  # in addition to the user's variables


_PYTEST = ("python", "-m", "pytest")
# Under eventlet, as the services run. What they warn of at their import is known; tests have the filters of setup.cfg.
_NAMEKO = ("python", "-W", "ignore", "-m", "nameko", "test")
_GEVENT = ("python", "-m", "gevent.monkey", "--module", "pytest")  # as the web gateway runs
_PACKAGES = ("chassis", "users", "feeds", "notifications", "gateway", "docker", "dev", "examples", "tests", "bench")
_DOCKERFILES = tuple(sorted(str(file.relative_to(ROOT)) for file in ROOT.glob("docker/*/Dockerfile")))
# Words and high entropy are in every test; keys, tokens and passwords in addresses have a form of their own. `-n`: no
# network. Placeholders are no secrets.
_SECRETS = """git ls-files -z -- ':!*.lock' | xargs -0 detect-secrets-hook -n \\
    --exclude-secrets 'password|secret|^%s$' \\
    --disable-plugin KeywordDetector --disable-plugin Base64HighEntropyString --disable-plugin HexHighEntropyString"""
_SBOM = ("cyclonedx-py", "requirements", "--output-file", ".run/sbom.json", "requirements.lock")  # CycloneDX
# PyPI knows packages with known vulnerabilities. Without its answer, the step fails only with AUDIT=--strict.
_AUDIT = """pip-audit --disable-pip --require-hashes --progress-spinner off $AUDIT \\
        --requirement requirements.lock >.run/audit.txt 2>&1 && code=0 || code=$?
    if [ -n "$AUDIT" ] || grep '^Found' .run/audit.txt; then cat .run/audit.txt; exit $code; fi
    echo "packages without an answer: $(grep -cE 'could not be audited|^ERROR' .run/audit.txt)" """

CHECKS = (
    Step("mypy", ("mypy",), _PACKAGES),  # first: it takes longest
    Step("ruff check", ("ruff", "check")),
    Step("ruff format", ("ruff", "format", "--check")),
    Step("lint-imports", ("lint-imports",)),
    Step("hadolint", ("hadolint",), _DOCKERFILES),
    Step("alert rules", ("promtool", "check", "rules", "docker/monitoring/alerts.yml")),
    Step("alert tests", ("promtool", "test", "rules", "docker/monitoring/alerts_test.yml")),
    Step("secrets", ("sh", "-c", _SECRETS)),
    Step("SBOM", _SBOM),
    Step("docs", ("sphinx-build", "--quiet", "--fail-on-warning", "--conf-dir", "docs", ".", ".run/site")),
)
# Not in `make test`: its outcome changes without a change of the code.
AUDIT = Step("known vulnerabilities", ("sh", "-c", _AUDIT))
_UNIT = Step("unit", _PYTEST, ("tests/unit",))
_CHASSIS = Step("chassis", _NAMEKO, ("tests/integration/chassis",))
_SERVICES = Step("services", _NAMEKO, ("tests/integration/users", "tests/integration/gateway", "tests/contract"))
_EXAMPLES = Step("examples", _NAMEKO, ("examples",))
_DATABASES = {f"{name}_DB_URI": f"BARAZA_{name}_POSTGRESQL" for name in ("FEEDS", "NOTIFICATIONS")}
_BOTH = ("tests/integration/feeds", "tests/integration/notifications")
_ON_POSTGRESQL = Step("on PostgreSQL", _NAMEKO, _BOTH, environment=_DATABASES)
# SQLite has one writer, so there is nothing to test.
_CONCURRENT_WRITERS = ("delivery/test_renewal_lock.py", "inbox/test_lock.py", "inbox/test_stopped_process.py")
_WITHOUT_THESE = tuple(f"--ignore=tests/integration/notifications/{file}" for file in _CONCURRENT_WRITERS)
_ON_SQLITE = Step("on SQLite", (*_NAMEKO, *_WITHOUT_THESE), _BOTH)
_GATEWAY = Step("gateway", _GEVENT, ("tests/gateway",))
_END_TO_END = Step("end to end", _PYTEST, ("tests/e2e",))
_HTTP = replace(_END_TO_END, title="end to end, HTTP", folders=("tests/e2e/http",))
_NOT_HTTP = replace(_END_TO_END, command=(*_PYTEST, "--ignore=tests/e2e/http"))
_ROLLING_RESTART = Step("rolling restart", _PYTEST, ("tests/scale/test_rolling_restart.py",))
_FAULTS = Step("faults", _PYTEST, ("tests/faults",))
_KILL_EACH = "tests/faults/test_random_faults.py::test_every_promise_holds_when_each_process_and_server_is_killed"
_CRASHES = replace(_FAULTS, folders=("tests/faults/test_crash_points.py", "tests/faults/test_junk.py", _KILL_EACH))
_SCALE = Step("two of everything", _PYTEST, ("tests/scale",))
_SMALL = Step("all services in one process", _PYTEST, ("tests/small",))
# A user who gets all posts of a restart under load gets many SMS.
SCALE_VARIABLES = {"TOPOLOGY": "scale", "SMS_PER_NUMBER": "10000"}
SMALL_VARIABLES = {"TOPOLOGY": "small"}

# Tests of faults send more than the limits allow, to processes that the tests change from outside.
_NO_LIMIT = "1000000/second"
FAULTS_VARIABLES = {
    "PYTHONPATH": str(ROOT / "tests/faults/support/hooks"),
    "SMS_PER_NUMBER": "100000",
    **{f"THROTTLE_{name}": _NO_LIMIT for name in ("ANON", "USER", "LOGIN", "REGISTER")},
}

# Without servers, two at a time: so the unit tests have a processor, and mypy, which takes longest, has the other.
TEST_FIRST = tuple(Lane("", (step,)) for step in (_UNIT, *CHECKS))
# The longest first; each of the others begins when one ends. Tests also wait, so four keep two processors busy.
AT_ONCE = 4
TEST = (
    Lane("e2e", (_NOT_HTTP,)),
    Lane("services", (_SERVICES,)),
    Lane("chassis", (_CHASSIS, _EXAMPLES, _GATEWAY)),
    Lane("postgresql", (_ON_POSTGRESQL,)),
    Lane("http", (_HTTP,)),
    Lane("sqlite", (_ON_SQLITE,)),
    Lane("faults", (_CRASHES,), FAULTS_VARIABLES),
    Lane("scale", (_ROLLING_RESTART,), SCALE_VARIABLES),
)
# Too long for `make test`.
TEST_SCALE = (Lane("small", (_SMALL,), SMALL_VARIABLES), Lane("scale", (_END_TO_END, _SCALE), SCALE_VARIABLES))
# `make faults`: many more faults, crashes and junk, with their report. TOPOLOGY=scale has two processes of everything.
FAULTS = Lane(
    "faults",
    (replace(_FAULTS, command=(*_PYTEST, "--capture=no"), limit=4 * 3600),),
    {**FAULTS_VARIABLES, "FAULTS_LONG": "1"},
)
# The instances of `make try` keep their servers.
TRY = (
    Lane("", (_UNIT,)),
    Lane("try", (_EXAMPLES, _CHASSIS, _SERVICES, _ON_SQLITE, _GATEWAY)),
    Lane("try-postgresql", (_ON_POSTGRESQL,)),
    Lane("try-e2e", (_END_TO_END,)),
    Lane("try-faults", (_FAULTS,), FAULTS_VARIABLES),
    Lane("try-scale", (_SCALE,), SCALE_VARIABLES),
    Lane("try-small", (_SMALL,), SMALL_VARIABLES),
)
