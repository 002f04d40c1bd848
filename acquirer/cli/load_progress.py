"""How far a run of ``acquirer load`` is: on a terminal, two bars and a line of figures; elsewhere nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

from acquirer.cli.streams import say

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from acquirer.load.live_figures import LiveCounts, LiveFigures
    from acquirer.load.records import LoadRecord
    from acquirer.load.thresholds import Threshold

FRAME_S: Final = 0.2
"""Between two pictures: more often than that figures cannot be read, and drawing takes time from the generator."""


class Progress(Protocol):
    """How far a run is: `acquirer.load.run.RunProgress`."""

    @property
    def elapsed_s(self) -> float: ...
    @property
    def offered(self) -> int: ...
    @property
    def done(self) -> int: ...
    @property
    def new(self) -> Sequence[LoadRecord]: ...


class LiveDisplay:
    """Shows how far a run is.

    Args:
        planned: requests that are planned; 0: that depends on the answers.
        figures: of what has ended until now; they change while it is shown.
    """

    def __init__(self, planned: int, figures: LiveFigures, console: Console) -> None:
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        from acquirer.cli.tables import KEY

        self._figures = figures
        self._console = console
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(complete_style=KEY, finished_style=KEY),
            TextColumn("{task.fields[shown]}"),
            console=console,
            auto_refresh=False,
        )
        total = planned or None
        self._offered = self._bars.add_task("offered", total=total, shown="")
        self._done = self._bars.add_task("done", total=total, shown="")
        self._planned = planned

    def picture(self, progress: Progress) -> RenderableType:
        """Return what is shown now."""
        from rich.console import Group
        from rich.text import Text

        of = f" of {self._planned:,}" if self._planned else ""
        counts = self._figures.of()
        self._bars.update(self._offered, completed=progress.offered, shown=f"{progress.offered:,}{of}")
        rate = f"{progress.done:,}{of}, {counts.rate:,.0f} answered a second"
        self._bars.update(self._done, completed=min(progress.done, self._planned or progress.done), shown=rate)
        return Group(self._bars, Text(figures_line(progress.elapsed_s, counts), overflow="ellipsis", no_wrap=True))


def figures_line(elapsed_s: float, counts: LiveCounts) -> str:
    """Return errors, percentiles and lateness on a line."""
    from acquirer.load.records import RequestOutcome
    from acquirer.load.report.headline import duration

    errors = [
        f"{n:,} {outcome.word}" for outcome, n in sorted(counts.outcomes.items()) if outcome != RequestOutcome.APPROVED
    ]
    times, late = counts.latency, counts.lateness
    return "   ".join(
        (
            f"{max(elapsed_s, 0):.1f} s",  # it is watched from before its beginning
            f"errors: {', '.join(errors) or 'none'}",
            f"p50 {duration(times.quantile(50).us)}",
            f"p99 {duration(times.quantile(99).us)}",
            f"begun late p99 {duration(late.quantile(99).us)}",
        )
    )


class RunWatcher:
    """Is called as a run goes on: shows how far it is, and returns whether it is to be ended.

    Args:
        figures: nothing has ended yet.
        ending: thresholds that end the run once they are missed.
        show: None where there is no terminal.
    """

    def __init__(
        self, figures: LiveFigures, ending: Sequence[Threshold], show: Callable[[Progress], None] | None
    ) -> None:
        self.why = ""
        """Why the run is to be ended; "" as long as it is not."""
        self._figures = figures
        self._ending = ending
        self._show = show

    def __call__(self, progress: Progress) -> bool:
        from acquirer.load.live_figures import judge_running

        if not self._ending and self._show is None:
            return False
        self._figures.add(progress.new)
        if self._show:
            self._show(progress)
        if not self.why and (missed := judge_running(self._ending, self._figures, progress.elapsed_s)):
            written, value = missed[0].threshold.written, missed[0].words
            self.why = f"ended after {progress.elapsed_s:.1f} s: {written} is missed ({value})"
        return bool(self.why)


@contextmanager
def watching(planned: int, figures: LiveFigures, thresholds: Sequence[Threshold] = ()) -> Iterator[RunWatcher]:
    """Give what is to be called as a run goes on.

    What is shown stands on stderr if that is a terminal, and leaves nothing behind. When a threshold ended the run, a
    sentence on stderr says so afterwards.

    Args:
        planned: requests that are planned; 0: that depends on the answers.
        figures: nothing has ended yet.
    """
    with _showing(planned, figures) as show:
        watcher = RunWatcher(figures, [one for one in thresholds if one.abort], show)
        yield watcher
    if watcher.why:
        say(watcher.why)


@contextmanager
def _showing(planned: int, figures: LiveFigures) -> Iterator[Callable[[Progress], None] | None]:
    """Give what shows how far a run is; None where there is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    display = LiveDisplay(planned, figures, console)
    shown_s = -FRAME_S
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def show(progress: Progress) -> None:
            nonlocal shown_s
            if (now_s := monotonic()) - shown_s >= FRAME_S:
                shown_s = now_s
                live.update(display.picture(progress), refresh=True)

        yield show
