"""What sales and memory came to beside each kind of flood, as a table, and what is out of proportion in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from acquirer.load.figures import percentile
from acquirer.load.flood import UNREAD
from acquirer.load.flood_kinds import ALONE, GOOD, FloodKind, yardstick_of
from acquirer.net.limits import READ_BYTES, Limits
from acquirer.wire.framing import LIMIT_BYTES

MARK: Final = 3.0
"""What the 99th percentile of sales beside rubbish may be of that beside as many connections with good requests."""

MIB: Final = 1 << 20

AT_WORK_BYTES: Final = 24 * MIB
"""What a host may take for exchanges under way, rows that it remembers and images, for any flood: twice what a
hundred connections with good requests were found to take (6 to 12 MiB)."""


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Memory of a host and its children, in bytes: before a flood, the most during it, and once it was over."""

    before: int
    highest: int
    after: int

    @property
    def growth(self) -> int:
        """Return by how much the most was more than before."""
        return self.highest - self.before

    def __str__(self) -> str:
        return f"{self.before / MIB:5.1f}  {self.highest / MIB:5.1f}  {self.after / MIB:5.1f} MiB"


@dataclass(slots=True)
class Phase:
    """Sales beside one kind of flood, or none, all rounds taken together."""

    latencies_s: list[float] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    lost: int = 0  # sales without an answer
    seconds: float = 0.0
    flood: Counter[str] = field(default_factory=Counter)  # see `flood.FloodCounts`
    shed: int = 0  # refusals that were not journalled
    memory: list[MemoryUse] = field(default_factory=list)  # of each round

    def latency_ms(self, share: float) -> float:
        """Return a percentile of the sales' latencies."""
        return percentile(sorted(self.latencies_s), share) * 1000

    @property
    def worst_memory(self) -> MemoryUse:
        """Return the memory of the round in which it grew most."""
        return max(self.memory, key=lambda one: one.growth)


def most_growth_bytes(kind: FloodKind | None, connections: int) -> int:
    """Return by how much a host may grow beside so many connections of a kind.

    What it may keep of one is what was read and not taken (`READ_BYTES`), a frame that is not whole, and answers that a
    peer does not read: those from which on it is not read itself, and as many again for what was in flight.
    """
    if kind is None:
        return AT_WORK_BYTES
    each = READ_BYTES + LIMIT_BYTES + (2 * Limits().unsent_pause_bytes if kind.way in UNREAD else 0)
    return AT_WORK_BYTES + each * connections * kind.times


def report(
    phases: Mapping[str, Phase], kinds: Mapping[str, FloodKind | None], connections: int, counted: Mapping[str, int]
) -> int:
    """Print a table; return 1 when something is out of proportion."""
    missed = False
    print(
        f"sales beside …{'':34} p50 ms    p99 ms   ratio   answers/s   shed  lost  "
        "MiB before, at most, after, growth allowed"
    )
    for name, phase in phases.items():
        kind = kinds[name]
        title = "nothing" if kind is None else kind.title
        beside_ms = phases[yardstick_of(name)].latency_ms(0.99) if yardstick_of(name) in phases else 0.0
        ratio = phase.latency_ms(0.99) / beside_ms if beside_ms else 0.0
        declined = phase.codes.total() - phase.codes["00"]
        memory, most = phase.worst_memory, most_growth_bytes(kind, connections)
        exceeded = [
            word
            for word, holds in (
                ("LOST", phase.lost or declined),
                ("MISSED", name not in (ALONE, *GOOD) and ratio > MARK),
                ("MEMORY", memory.growth > most),
            )
            if holds
        ]
        missed |= bool(exceeded)
        codes = f"  codes {dict(phase.codes)}" if declined else ""
        print(
            f"  {title:45} {phase.latency_ms(0.5):7.1f}  {phase.latency_ms(0.99):8.1f}  {ratio:6.2f}  "
            f"{phase.flood['answers'] / max(phase.seconds, 0.001):10,.0f}  {phase.shed:5}  {phase.lost:4}  "
            f"{memory.before / MIB:6.1f} {memory.highest / MIB:6.1f} {memory.after / MIB:6.1f} {most / MIB:6.0f}"
            f"{codes}{''.join(f'  {word}' for word in exceeded)}"
        )
    print("the hosts counted " + ", ".join(f"{name} {value:,}" for name, value in counted.items()))
    return int(missed)
