"""The command that repeats a round."""

import json
import shlex

from dev.machine.files import ROOT
from tests.faults.support.nemesis import Fault, as_python
from tests.faults.support.rounds import command


def test_command_names_the_test_and_all_that_determines_the_round() -> None:
    faults = [Fault(0.5, "kill", "users.service", 1), Fault(2.0, "pause", "a server's process", 3)]
    make, target, *words = shlex.split(command(faults, 4711, "scale"))
    given = dict(word.split("=", 1) for word in words)
    file, _, test = given.pop("only").partition("::")
    assert (make, target) == ("make", "faults")
    assert f"def {test}(" in (ROOT / file).read_text()
    assert json.loads(given.pop("FAULTS")) == as_python(faults)
    assert given == {"SEED": "4711", "ROUNDS": "1", "TOPOLOGY": "scale"}
