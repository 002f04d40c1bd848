"""Processor time that commands take to start, as multiples of what importing typer and rich takes.

Counted are all processes of a command: until its end, or for a host until its ready line. Commands and yardstick are
run in turn, and the best of each counts, because noise only ever adds. They start from bytecode, as an installed
package does; it lies in a temporary directory, and the first round makes it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from acquirer.load.cpu import run_s
from acquirer.load.frames import FIRST_TID, sign_on_templates
from acquirer.load.generator import run_kept
from acquirer.load.servers import (
    DIALECT,
    MASTER_KEY,
    ROOT,
    ServerProcess,
    environment,
    host,
    started,
    terminals_file,
)
from acquirer.settings.specs import load_dialect

YARDSTICK: Final = "import typer, rich.console"
YARDSTICK_NAME: Final = f'python -c "{YARDSTICK}"'
FEW, MANY = 20, 20_000
"""Registered terminals: a test bench's, a town's."""

QUERY, TOOL, HOST = 1.6, 3.5, 6.0
"""Marks: what reads a store · what decodes, checks, or plays a terminal · what serves."""

MANY_MORE_S: Final = 1.0
"""What `MANY` registered terminals may add to a host's start, and what listing them may take."""

JOURNALLED: Final = 200


@dataclass(frozen=True, slots=True)
class MeasuredCommand:
    """A command to start, as typed after ``acquirer``."""

    name: str
    arguments: tuple[str, ...]
    mark: float = 0.0  # of the yardstick; or else
    mark_s: float = 0.0  # seconds, in addition to what `base` takes
    base: str = ""
    serves: bool = False


def measure(rounds: int) -> int:
    """Print a table of all commands; return 1 when one of them misses its mark.

    Raises:
        NotMeasurable: this system does not say what running processes use.
    """
    best_s: dict[str, float] = {}

    def note(name: str, used_s: float) -> None:
        best_s[name] = min(used_s, best_s.get(name, used_s))

    with tempfile.TemporaryDirectory(prefix="acquirer-starts-") as name:
        directory = Path(name)
        with _prepared(directory) as commands:
            for _ in range(rounds):
                note(YARDSTICK_NAME, _ended_s(["-c", YARDSTICK], directory))
                for command in commands:
                    arguments = ["-m", "acquirer", *command.arguments]
                    note(command.name, (_ready_s if command.serves else _ended_s)(arguments, directory))
    print(f"{YARDSTICK_NAME:40} {best_s[YARDSTICK_NAME] * 1000:6.0f} ms")
    missed = [_report(command, best_s) for command in commands]
    return int(any(missed))


def _report(command: MeasuredCommand, best_s: dict[str, float]) -> bool:
    """Print what a command takes; True when that is more than its mark."""
    used_s, unit_s = best_s[command.name], best_s[YARDSTICK_NAME]
    factor = used_s / unit_s
    if command.mark:
        missed = factor > command.mark
        mark = f"mark {command.mark:.1f} ×"
    else:
        missed = used_s - best_s.get(command.base, 0.0) > command.mark_s
        mark = f"mark {command.mark_s:.1f} s" + (f" more than {command.base}" if command.base else "")
    verdict = "MISSED" if missed else "reached"
    print(f"{command.name:40} {used_s * 1000:6.0f} ms  {factor:5.1f} ×  {mark} {verdict}")
    return missed


@contextmanager
def _prepared(directory: Path) -> Iterator[list[MeasuredCommand]]:
    """Stores to read, a capture to look at, a host to talk to; and the commands that do."""
    dialect = load_dialect(DIALECT)
    templates, mid = sign_on_templates(dialect, FEW)
    few, many = (f"sqlite:///{directory / name}" for name in ("few.db", "many.db"))
    terminals_file(directory, mid, MANY)
    register = ["--terminals", "terminals.toml"]
    _ready_s(["-m", "acquirer", *_serve(many), *register], directory)
    terminals_file(directory, mid, FEW)
    for one in _started(["-m", "acquirer", *_serve(few), *register], directory):
        run_kept(one.address, templates, JOURNALLED, 600, 0)
    sample = dialect.samples[0].hex
    (directory / "capture.hex").write_text("\n".join(one.hex for one in dialect.samples) + "\n")
    (directory / "tmk").write_text(MASTER_KEY)
    (directory / "answering").mkdir()
    with host(directory / "answering", mid) as answering:
        address = "{}:{}".format(*answering.address)
        echo = ["terminal", "echo", "--host", address, "--tid", str(FIRST_TID), "--terminals", "terminals.toml"]
        commands = [
            MeasuredCommand("journal list", ("journal", "list", "--store", few), QUERY),
            MeasuredCommand("terminals list", ("terminals", "list", "--store", few), QUERY),
            MeasuredCommand("decode", ("decode", sample), TOOL),
            MeasuredCommand("doctor", ("doctor", "capture.hex"), TOOL),
            MeasuredCommand("dialect list", ("dialect", "list"), TOOL),
            MeasuredCommand("terminal echo", tuple(echo), TOOL),
            MeasuredCommand("serve", tuple(_serve(few)), HOST, serves=True),
            MeasuredCommand(f"serve, {MANY} terminals", tuple(_serve(many)), 0.0, MANY_MORE_S, "serve", serves=True),
            MeasuredCommand(
                f"terminals list, {MANY} terminals", ("terminals", "list", "--store", many), 0.0, MANY_MORE_S
            ),
        ]
        if (ROOT / "acquirer" / "cli" / "store.py").exists():
            commands.insert(1, MeasuredCommand("store check", ("store", "check", "--store", few), QUERY))
        yield commands


def _serve(store: str) -> list[str]:
    return ["serve", "--listen", "127.0.0.1:0", "--store", store, "--json"]


def _ended_s(arguments: list[str], directory: Path) -> float:
    """Return the processor time of a command from its start to its end."""
    log = directory / "output"
    with log.open("w") as output:
        command = [sys.executable, *arguments]
        code, used_s = run_s(command, cwd=directory, env=_environment(directory), stdout=output, stderr=output)
    if code:
        raise SystemExit(f"{' '.join(arguments)} ended with {code}: {log.read_text()[-400:]}")
    return used_s


def _ready_s(arguments: list[str], directory: Path) -> float:
    """Return the processor time of a host from its start to its ready line."""
    used_s = 0.0
    for server in _started(arguments, directory):
        used_s = server.cpu_s()
    return used_s


def _started(arguments: list[str], directory: Path) -> Iterator[ServerProcess]:
    with (directory / "output").open("w") as output:
        yield from started(arguments, ROOT, directory, output, _environment(directory))


def _environment(directory: Path) -> dict[str, str]:
    """This process's environment, but for where Python keeps bytecode, and whether it does."""
    kept = {name: value for name, value in environment(ROOT).items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(directory / "bytecode")}
