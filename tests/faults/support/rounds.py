"""A round: users work while faults are injected, then every rule is checked."""

import json
import os
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dev.platform import readiness
from dev.platform.instance import Instance
from tests.faults.support.checker import Violation
from tests.faults.support.ledger import Ledger
from tests.faults.support.nemesis import Fault, as_python, inject, shortest
from tests.faults.support.observation import violations
from tests.faults.support.workload import Size, Workload

_TEST = "tests/faults/test_random_faults.py::test_every_promise_holds_under_random_faults"


@dataclass(frozen=True)
class Result:
    """The ledger of a round, and the rules that were broken."""

    ledger: Ledger
    violations: Sequence[Violation]

    def __str__(self) -> str:
        """What was injected, and what held."""
        faults = Counter(fault.kind for fault in self.ledger.faults)
        requests = Counter(f"{entry.kind} {entry.outcome.name.lower()}" for entry in self.ledger.entries)
        lines = [f"faults: {_counts(faults)}", f"requests: {_counts(requests)}"]
        broken = Counter(one.rule for one in self.violations)
        examples = {one.rule: one.detail for one in self.violations}
        lines += [f"BROKEN {count} times: {rule}, such as {examples[rule]}" for rule, count in broken.items()]
        lines += [] if broken else ["every rule held"]
        return "\n".join(f"  {line}" for line in lines)


def run(platform: Instance, faults: Sequence[Fault], seed: int, size: Size) -> Result:
    """Run a round, and wait until everything is complete."""
    ledger = Ledger(seed)
    with Workload(platform, ledger, size) as workload:
        with workload.running():
            inject(platform, ledger, faults)
            readiness.wait_ready(platform.environment, platform.control)
        return Result(ledger, violations(workload))


def explain(platform: Instance, faults: Sequence[Fault], seed: int, size: Size, *, shrink: bool) -> str:
    """Return how a failed round is repeated; with `shrink` after trying with fewer faults."""
    if shrink:
        faults = shortest(faults, lambda fewer: bool(run(platform, fewer, seed, size).violations))
    topology = os.environ.get("TOPOLOGY") or "single"
    return "\n".join([*map(str, faults), command(faults, seed, topology)])


def command(faults: Sequence[Fault], seed: int, topology: str) -> str:
    """Return the command that runs a round with these faults."""
    given = json.dumps(as_python(faults))
    return f"make faults only={_TEST} SEED={seed} ROUNDS=1 TOPOLOGY={topology} FAULTS={shlex.quote(given)}"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counter.items()))
