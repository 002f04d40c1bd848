"""What a host costs that runs within a program, as in tests: its start, its end, and the processor time of both.

The program is one of its own, so that nothing of the bench is imported in it; the first host is not counted, because
modules are imported for it.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from typing import Final

ROUNDS: Final = 50

START_MS, END_MS, CPU_MS = 15.0, 5.0, 15.0
"""Marks: a suite of a thousand tests, each with a host of its own, then spends some twenty seconds on them."""

_PROGRAM: Final = """
import sys, time
from acquirer.testing import running_host

def once():
    began, cpu = time.perf_counter(), time.process_time()
    host = running_host()
    host.__enter__()
    ready = time.perf_counter()
    host.__exit__(None, None, None)
    return ready - began, time.perf_counter() - ready, time.process_time() - cpu

once()
for _ in range(int(sys.argv[1])):
    print(*once())
"""


def measure_hosts(rounds: int) -> int:
    """Print medians of starts and ends; return 1 when a mark was missed."""
    done = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-c", _PROGRAM, str(rounds)], check=True, capture_output=True, text=True
    )
    rows = [map(float, line.split()) for line in done.stdout.splitlines()]
    starts, ends, processor = (sorted(values) for values in zip(*rows, strict=True))
    print(f"A host within a program, {rounds} times; milliseconds, median (lowest to highest):")
    missed = 0
    for name, seconds, mark in (
        ("until it is ready", starts, START_MS),
        ("until it is gone", ends, END_MS),
        ("processor time of both", processor, CPU_MS),
    ):
        middle = median(seconds) * 1000
        word = "" if middle <= mark else "  MISSED"
        missed += middle > mark
        print(f"  {name:24}{middle:6.1f}  ({seconds[0] * 1000:.1f} to {seconds[-1] * 1000:.1f}), mark {mark:g}{word}")
    return int(missed > 0)
