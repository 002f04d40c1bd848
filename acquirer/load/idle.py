"""What idle connections cost a host: its memory before and after many are open, and after an exchange over each."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from acquirer.load.frames import sign_on_templates
from acquirer.load.generator import FrameTemplate, KeptConnections
from acquirer.load.memory import resident_bytes
from acquirer.load.pairs import Mark
from acquirer.load.servers import DIALECT, REGISTERED, ServerProcess, approved_answer, host
from acquirer.net.files import make_room
from acquirer.settings.specs import load_dialect

COUNT: Final = 5_000
WARM: Final = 1_000  # opened and used before: what a host makes once is none of a connection's
AT_ONCE: Final = 200  # exchanges in flight: what a burst takes for its moment is none of an idle connection's
EXCHANGES_S: Final = 120.0  # at most, for one over each connection of a group

MARK: Final = Mark(2_048, at_most=True, unit=" bytes")


def measure_idle(count: int = COUNT) -> int:
    """Print what so many idle connections take of a host's memory; return 1 when each takes more than the mark.

    Raises:
        NotMeasurable: this system does not say how much memory a running process takes.
    """
    dialect = load_dialect(DIALECT)
    templates, mid = sign_on_templates(dialect, REGISTERED)
    make_room(count + WARM)
    with tempfile.TemporaryDirectory(prefix="acquirer-bench-") as directory, host(Path(directory), mid) as server:
        answer_bytes = len(approved_answer(server.address, dialect, templates[-1]))
        warm = _opened(server, templates, WARM)
        _use(warm, answer_bytes)
        before = _resident(server)
        idle = _opened(server, templates, count)
        opened = _resident(server)
        _use(idle, answer_bytes)
        used = _resident(server)
        for one in (*idle, *warm):
            one.close()
    missed = False
    for what, after in (("that sent nothing yet", opened), ("after an exchange over each", used)):
        verdict, too_large = MARK.verdict(round((after - before) / count))
        print(f"{count:,} connections {what}: {(after - before) / count:,.0f} bytes each ({verdict})")
        missed |= too_large
    return int(missed)


def _opened(server: ServerProcess, templates: Sequence[FrameTemplate], count: int) -> list[KeptConnections]:
    """Open so many connections, in groups of `AT_ONCE`."""
    sources = [templates[number % REGISTERED] for number in range(count)]
    return [KeptConnections(server.address, sources[first : first + AT_ONCE]) for first in range(0, count, AT_ONCE)]


def _use(groups: Sequence[KeptConnections], answer_bytes: int) -> None:
    """Have one exchange over each connection, one group after the other."""
    for one in groups:
        figures = one.run(len(one), EXCHANGES_S, answer_bytes)
        if figures.answered != len(one):
            raise SystemExit(f"{len(one) - figures.answered} of {len(one)} exchanges failed")


def _resident(server: ServerProcess) -> int:
    """Return the memory of the host's own process, once it is at rest."""
    server.settled_cpu_s()
    return resident_bytes(server.process.pid)["host"]
