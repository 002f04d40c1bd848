"""Rounds of load against one server: rates, latencies, and processor time of each of its processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from acquirer.load import pairs
from acquirer.load.cpu import NotMeasurable
from acquirer.load.figures import Figures
from acquirer.load.servers import settled_by_process


@dataclass(slots=True)
class Round:
    """One run against one server."""

    figures: Figures
    cpu_s: dict[str, float]  # processor time of each process of the server; empty where that cannot be measured

    @property
    def cpu_us(self) -> float:
        """Processor time of one exchange: what can be compared when others use the machine too."""
        return sum(self.cpu_s.values()) / max(self.figures.answered, 1) * 1_000_000

    @property
    def lost(self) -> int:
        """How many exchanges failed."""
        return self.figures.failed + self.figures.unanswered + self.figures.unexpected

    def __str__(self) -> str:
        f = self.figures
        text = (
            f"{f.rate:9,.0f}/s  p50 {f.latency_ms(0.5):6.1f} ms  p99 {f.latency_ms(0.99):6.1f} ms  "
            f"max {f.latency_ms(1.0):6.1f} ms"
        )
        if self.cpu_s:
            text += f"  server {sum(self.cpu_s.values()) / f.elapsed_s:4.0%} of a core, {self.cpu_us:4.0f} µs each"
        return text + (f"  LOST {self.lost}" if self.lost else "")


@dataclass(slots=True)
class MeasuredServer:
    """A server that is measured."""

    name: str
    address: tuple[str, int]
    pid: int  # 0: its processor time cannot be measured
    answer_bytes: int
    rounds: dict[str, list[Round]] = field(default_factory=dict)

    def rates(self, kind: str) -> list[float]:
        """Return the rate of each round."""
        return [one.figures.rate for one in self.rounds[kind]]

    def cpu_us(self, kind: str) -> list[float]:
        """Return the processor time of one exchange, in each round."""
        return [one.cpu_us for one in self.rounds[kind]]

    def by_process_us(self, kind: str) -> dict[str, float]:
        """Return the median processor time of one exchange in each of its processes, the dearest first."""
        rounds = self.rounds[kind]
        names = {name for one in rounds for name in one.cpu_s}
        found = {
            name: pairs.middle([one.cpu_s.get(name, 0.0) / max(one.figures.answered, 1) * 1_000_000 for one in rounds])
            for name in names
        }
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def cost(self, kind: str) -> str:
        """Return the processor time of one exchange in words: in all, and in each process."""
        listed = ", ".join(f"{name} {used:.1f}" for name, used in self.by_process_us(kind).items())
        return f"{pairs.middle(self.cpu_us(kind)):.1f} µs ({listed})"

    def latency_ms(self, kind: str, share: float) -> float:
        """Return the median of the rounds' percentiles."""
        return pairs.middle([one.figures.latency_ms(share) for one in self.rounds[kind]])

    def measure(self, kind: str, drive: Callable[[], Figures]) -> None:
        """Drive it for one round, and print that."""
        before_s = settled_cpu_s(self.pid)
        figures = drive()
        used_s = {name: used - before_s.get(name, 0.0) for name, used in settled_cpu_s(self.pid).items()}
        one = Round(figures, used_s)
        self.rounds.setdefault(kind, []).append(one)
        print(f"  {kind:5}  {self.name:9}  {one}", flush=True)


def settled_cpu_s(pid: int) -> dict[str, float]:
    """Return the processor time of each process of a server so far, once it is idle; none where that is not known."""
    try:
        return settled_by_process(pid) if pid else {}
    except NotMeasurable:
        return {}
