"""What a scenario measured."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from bench.measure.latency import Latency
from bench.measure.usage import SERVERS, Usage


@dataclass(frozen=True)
class Measurement:
    """A row of the table."""

    name: str
    unit: str  # of the cost: request, post, delivery, socket
    count: int  # units
    seconds: float
    errors: int = 0
    latency: Latency | None = None
    cpu: Mapping[str, float] = field(default_factory=dict)  # seconds by program
    memory: Mapping[str, float] = field(default_factory=dict)  # largest, MB by program
    figures: Mapping[str, float] = field(default_factory=dict)  # others, by name and unit

    @classmethod
    def of(cls, usage: Usage, **fields: Any) -> Self:
        """Return a measurement with the CPU times and memory of a block."""
        return cls(cpu=usage.cpu, memory=usage.memory, **fields)

    @classmethod
    def load(cls, stored: dict[str, Any]) -> Self:
        """Return a measurement from its JSON object."""
        latency = stored["latency"]
        return cls(**{**stored, "latency": Latency(*latency) if latency else None})

    def dump(self) -> dict[str, Any]:
        """Return a JSON object."""
        return asdict(self)

    @property
    def rate(self) -> float:
        """Units per second."""
        return self.count / self.seconds

    @property
    def ours(self) -> float:
        """CPU milliseconds of the platform's own processes per unit."""
        return self._milliseconds(*(self.cpu.keys() - {*SERVERS}))

    @property
    def servers(self) -> dict[str, float]:
        """CPU milliseconds per unit of RabbitMQ, PostgreSQL and Redis."""
        return {name: self._milliseconds(name) for name in SERVERS}

    @property
    def by_program(self) -> dict[str, float]:
        """CPU milliseconds per unit of each of our programs."""
        return {name: self._milliseconds(name) for name in sorted(self.cpu.keys() - {*SERVERS})}

    @property
    def total(self) -> float:
        """CPU milliseconds per unit, servers included."""
        return self._milliseconds(*self.cpu)

    @property
    def megabytes(self) -> float:
        """Memory of the platform's own processes."""
        return sum(self.memory[name] for name in self.memory.keys() - {*SERVERS})

    def _milliseconds(self, *programs: str) -> float:
        return 1000 * sum(self.cpu.get(name, 0) for name in programs) / self.count if self.count else 0
