"""The host of a journey, as far as a journey needs it: it is started, asked, changed, stopped and started again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from acquirer.app.terminal import Asking
from acquirer.app.terminal_connection import HostAddress
from acquirer.journal.entry import Entry
from acquirer.model.rows import Transaction
from acquirer.net.server import BindError
from acquirer.scenario.fault import Fault
from acquirer.scenario.rules import Rule
from acquirer.wire.framing import Framing


class TestedJournal(Protocol):
    """The journal of a host; see `acquirer.testing.journal.Journal`."""

    def list(self, service: str | None = None, /, *, limit: int | None = None) -> Sequence[Entry]: ...

    def verify(
        self,
        service: str | None = None,
        /,
        *,
        count: int | str | None = None,
        within: float,
        for_: float | None = None,
        after: int = 0,
    ) -> Any:
        """Raises AssertionError."""

    def verify_order(self, *steps: str, strict: bool = False, within: float, **when: Any) -> Any:
        """Raises AssertionError."""

    def transcript(self, service: str | None = None, /) -> str: ...


class TestedRules(Protocol):
    """The rules of a host."""

    def add(self, *rules: Rule) -> int: ...

    def remove(self, *names: str) -> int: ...


class TestedFaults(Protocol):
    """The faults of a host."""

    def add(self, *faults: Fault) -> int: ...

    def remove(self, *names: str) -> int: ...


class TestedHost(Protocol):
    """A host that serves in this process; see `acquirer.cli.journey_host.HostOfJourney`."""

    @property
    def address(self) -> str: ...
    @property
    def journal(self) -> TestedJournal: ...
    @property
    def rules(self) -> TestedRules: ...
    @property
    def faults(self) -> TestedFaults: ...
    @property
    def transactions(self) -> list[Transaction]: ...
    @property
    def now(self) -> datetime: ...
    @property
    def ahead_s(self) -> float: ...

    def advance(self, seconds: float) -> None: ...

    def rotate_keys(self, tid: str) -> str:
        """Raises LookupError."""

    def arrived(self, condition: str, after: int, within_s: float) -> None: ...

    def line(self, to: HostAddress, framing: Framing, *, keep_open: bool) -> Asking: ...

    def operating(self) -> AbstractContextManager[None]: ...


OpenHost = Callable[..., AbstractContextManager[TestedHost]]
"""Opens a host for the time of a ``with`` block, with settings of ``acquirer serve`` and `virtual`: whether time is
skipped, so that no one waits for a timer."""


class JourneyHost:
    """The host of one journey. A context manager: it serves from the beginning, and is gone at the end.

    It begins again at the address where it served before. Where that was a free port, another program may have taken it
    meanwhile: then it takes another one.

    Args:
        keeps: whether it must keep its books while it is stopped: then they lie on disk.
        virtual: whether time is skipped; what was skipped stays so when it begins again.
        sleep: waits where it is not.
    """

    def __init__(
        self,
        open_host: OpenHost,
        settings: Mapping[str, Any],
        *,
        keeps: bool,
        virtual: bool,
        sleep: Callable[[float], None],
    ) -> None:
        self._open = open_host
        self._settings = dict(settings)
        self._listen = settings["listen"]  # as the journey has it
        self._keeps = keeps
        self._virtual = virtual
        self._sleep = sleep
        self._ahead_s = 0.0  # skipped until it was stopped, and since
        self._folder = ExitStack()
        self._serving = ExitStack()
        self._running: TestedHost | None = None

    @property
    def running(self) -> TestedHost:
        """The host, which must be serving."""
        assert self._running is not None, "a journey is refused that asks a host which is stopped"
        return self._running

    @property
    def serves(self) -> bool:
        """Whether it serves now."""
        return self._running is not None

    @property
    def address(self) -> str:
        """Where it serves, or will again."""
        return str(self._settings["listen"])

    def start(self) -> None:
        """Serve. Raises BindError."""
        try:
            self._running = self._opened(self._settings["listen"])
        except BindError:
            if self._settings["listen"] == self._listen:
                raise
            self._running = self._opened(self._listen)
        self._settings["listen"] = self._running.address
        if self._ahead_s:
            self._running.advance(self._ahead_s)

    def _opened(self, listen: str) -> TestedHost:
        settings = {**self._settings, "listen": listen}
        return self._serving.enter_context(self._open(virtual=self._virtual, **settings))

    def pass_time(self, seconds: float) -> None:
        """Let time pass: all waiting of a journey but that for answers and exchanges."""
        if not self._virtual:
            self._sleep(seconds)
        elif self._running is not None:
            self._running.advance(seconds)
        else:
            self._ahead_s += seconds

    def now(self) -> datetime:
        """Return the local time, as it goes for the host and for terminals."""
        if self._running is not None:
            return self._running.now
        return datetime.now().astimezone() + timedelta(seconds=self._ahead_s)

    def stop(self) -> None:
        """End."""
        if self._running is not None:
            self._ahead_s = self._running.ahead_s
        self._running = None
        self._serving.close()

    def __enter__(self) -> JourneyHost:
        if self._keeps:
            folder = self._folder.enter_context(TemporaryDirectory(prefix="acquirer-journey-"))
            self._settings["store"] = f"sqlite:///{Path(folder).as_posix()}/journey.db"
        try:
            self.start()
        except BaseException:
            self._folder.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            self._folder.close()
