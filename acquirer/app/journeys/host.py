"""The host of a journey, as far as a journey needs it: it is started, asked, changed, stopped and started again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from acquirer.journal.entry import Entry
from acquirer.model.rows import Transaction
from acquirer.net.server import BindError
from acquirer.scenario.fault import Fault
from acquirer.scenario.rules import Rule


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
    """A host that serves in this process; see `acquirer.testing.host.RunningHost`."""

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


OpenHost = Callable[..., AbstractContextManager[TestedHost]]
"""Opens a host with settings of ``acquirer serve`` for the time of a ``with`` block."""


class JourneyHost:
    """The host of one journey. A context manager: it serves from the beginning, and is gone at the end.

    It begins again at the address where it served before. Where that was a free port, another program may have taken it
    meanwhile: then it takes another one.

    Args:
        keeps: whether it must keep its books while it is stopped: then they lie on disk.
    """

    def __init__(self, open_host: OpenHost, settings: Mapping[str, Any], *, keeps: bool) -> None:
        self._open = open_host
        self._settings = dict(settings)
        self._listen = settings["listen"]  # as the journey has it
        self._keeps = keeps
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
            self._running = self._serving.enter_context(self._open(**self._settings))
        except BindError:
            if self._settings["listen"] == self._listen:
                raise
            self._running = self._serving.enter_context(self._open(**{**self._settings, "listen": self._listen}))
        self._settings["listen"] = self._running.address

    def stop(self) -> None:
        """End."""
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
