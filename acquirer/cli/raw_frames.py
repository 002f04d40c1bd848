"""The raw frames of one exchange, of a trace that was kept: unmasked, because someone asked for them by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from acquirer.cli.errors import Code, Exit

if TYPE_CHECKING:
    from acquirer.inspect.trace_text import TracedFrame
    from acquirer.journal.entry import Entry


def frames_of(trace: Path | None, entry: Entry) -> list[TracedFrame]:
    """Return the frame that an exchange began with, and what was answered.

    Raises:
        Exit: there is no trace, it cannot be read, or it does not have them.
    """
    from acquirer.inspect.trace_text import frames_of_exchange

    if trace is None:
        raise Exit(
            Code.USAGE,
            "--raw: no trace is named: give --trace FILE, the file that 'acquirer serve --trace FILE' writes; "
            "exchanges that it did not see have no raw frames.",
        )
    found = frames_of_exchange(traced_frames(trace), entry.peer, entry.at_us)
    if not found:
        raise Exit(
            Code.USAGE, f"{trace} has no frame of exchange {entry.id}, from {entry.peer or 'nowhere'}: it began later."
        )
    return found


def traced_frames(trace: Path) -> list[TracedFrame]:
    """Return all frames of a trace. Raises Exit: it cannot be read."""
    from acquirer.inspect.trace_text import read_trace

    try:
        return read_trace(trace.read_bytes())
    except OSError as exc:
        raise Exit(
            Code.USAGE, f"{trace}: cannot be read ({(exc.strerror or str(exc)).lower()}); name a trace."
        ) from None
    except ValueError as exc:
        raise Exit(Code.USAGE, f"{trace}: {exc}.") from None


def frame_json(frame: TracedFrame, timezone: str) -> dict[str, Any]:
    """Return a frame for machines."""
    from acquirer.cli.stores import with_times

    moment = with_times({"at_us": frame.at_us}, timezone)
    return {**moment, "from": frame.source, "to": frame.target, "hex": frame.data.hex().upper()}


def print_frames(frames: list[TracedFrame]) -> None:
    """Print frames as dumps, the request first."""
    from acquirer.data.text import plural
    from acquirer.inspect.hexdump import hexdump
    from acquirer.inspect.trace_text import universal

    for frame in frames:
        size = plural(len(frame.data), "byte")
        print(f"{universal(frame.at_us)}  {frame.source} > {frame.target}  {size}\n{hexdump(frame.data)}\n")
