"""The files of the project that the tests of containers and manifests compare."""

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SERVICES = ("users", "feeds", "notifications", "gateway")
SECRET_NAME = re.compile("PASS|SECRET|KEY|TOKEN|AUTH")  # of a variable

_VARIABLE = re.compile(r"\$\{(\w+)(:)?")


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def version() -> str:
    return setup_cfg()["metadata"]["version"]


def package_names(requirements: str) -> set[str]:
    """Return the names in a list of setup.cfg, in lower case."""
    lines = [line for line in requirements.splitlines() if line and not line.startswith("#")]
    return {re.split(r"[\s~<>=!]", line)[0].lower() for line in lines}


def config_variables(section: str) -> dict[str, bool]:
    """Return the variables that the processes of a service read, and whether each is required."""
    variables: dict[str, bool] = {}
    other_services = {*SERVICES} - {section}
    key = ""
    for line in text("config.yml").splitlines():
        if re.match(r"\w", line):
            key = line.partition(":")[0]
        if key not in other_services and not line.lstrip().startswith("#"):
            variables |= {name: not optional for name, optional in _VARIABLE.findall(line)}
    return variables


def missing_code(command: list[str], folder: str = ".") -> set[str]:
    """Return the Python modules and files in a command that neither the project nor the folder has."""
    modules = {word.partition(":")[0] for word in command if re.match(r"[a-z_]+(\.[a-z_]+)+(:|$)", word)}
    paths = {module.replace(".", "/") if not module.endswith(".py") else module for module in modules}
    paths |= {word for word in command if word.endswith(".py")}
    places = [ROOT, ROOT / folder]
    return {path for path in paths if not any((p / path).exists() or (p / f"{path}.py").exists() for p in places)}
