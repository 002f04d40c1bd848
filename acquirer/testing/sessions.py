"""What the fixtures of the plugin do: hosts for the time of a session, views for the time of a test."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from itertools import cycle, islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

import pytest

import acquirer
from acquirer.app.terminal_connection import address, reason_of
from acquirer.app.terminal_options import TerminalOptions
from acquirer.data.toml import did_you_mean
from acquirer.errors import AcquirerError
from acquirer.settings.private_file import open_private
from acquirer.settings.terminals import named_or_demo_terminals
from acquirer.testing.external import ExternalHost, ExternalView
from acquirer.testing.host import RunningHost, running_host
from acquirer.testing.host_under_test import HostUnderTest
from acquirer.testing.remote_host import RemoteHost
from acquirer.testing.view import TERMINALS, View

CLOCKS: Final = ("virtual", "real")
KEYS: Final = ("fresh", "fixed")
REFUSALS: Final = (AssertionError, LookupError, TypeError, ValueError)
"""What methods of this package raise for arguments that cannot be used, beside kinds of `AcquirerError`."""

PACKAGE: Final = Path(acquirer.__file__).parent
_TLS: Final = ("tls_ca", "tls_certificate", "tls_key", "tls_name", "tls_version")  # of terminals: how they call
_OWN: Final = ("keys", *_TLS)  # options that are no settings of a host


@dataclass(frozen=True, slots=True)
class Marks:
    """What ``@pytest.mark.acquirer`` says of a test."""

    strict: bool = False
    pack: str | tuple[str, ...] | list[str] | None = None
    terminals: int = TERMINALS
    clock: str = ""  # "": as the options of the session say


def hosts(options: Mapping[str, Any], config: pytest.Config) -> Iterator[HostUnderTest | ExternalHost]:
    """Yield the host of a session, and end it afterwards."""
    settings = {name: value for name, value in options.items() if name not in _OWN}
    if settings.get("clock") in CLOCKS:
        del settings["clock"]
    if (seed := config.getoption("--acquirer-seed")) is not None:
        settings["seed"] = seed
    _choice("keys", options.get("keys", "fresh"), KEYS)
    with ExitStack() as stack:
        host: HostUnderTest | ExternalHost
        place = problem = ""
        try:
            if elsewhere := config.getoption("--acquirer-host"):
                place = "--acquirer-host"
                host = _elsewhere(elsewhere, settings, _tls(options))
            else:
                place = "--acquirer-log"
                log = _log(config.getoption(place), stack)
                place = "acquirer_options"
                host = stack.enter_context(running_host(log=log, **settings))
        except (AcquirerError, TypeError, ValueError) as exc:
            problem = str(exc)
        except OSError as exc:
            problem = f"{exc.filename or exc}: {reason_of(exc)}"
        if problem:
            pytest.fail(f"{place}: {problem}", pytrace=False)
        yield host


def views(
    host: HostUnderTest | ExternalHost, options: Mapping[str, Any], node: pytest.Item
) -> Iterator[tuple[View | ExternalView, Marks]]:
    """Yield the view of one test, and close it afterwards."""
    marks = marks_of(node)
    view: View | ExternalView
    if isinstance(host, ExternalHost):
        view = ExternalView(host)
    else:
        view = View(
            host,
            terminals=marks.terminals,
            virtual=isinstance(host, RunningHost) and (marks.clock or options.get("clock", "virtual")) != "real",
            fixed_keys=options.get("keys") == "fixed",
            file=options.get("terminals"),
            usual=_tls(options),
        )
    try:
        for pack in _packs(marks):
            try:
                view.use_pack(pack)
            except AcquirerError as exc:
                pytest.fail(f"@pytest.mark.acquirer(pack=…): {exc}", pytrace=False)
        yield view, marks
    finally:
        view.close()


def seen_of(view: View | ExternalView) -> str:
    """Return what the host saw of a test, or why that cannot be known."""
    try:
        return view.transcript() or "no exchange"
    except AcquirerError as exc:
        return str(exc)


def hide_own_lines(exc: BaseException) -> None:
    """Leave lines of this package out of the traceback of an exception that says itself what to do.

    An exception that nothing here raises on purpose is left as it is: then our lines are to be looked at.
    """
    if not isinstance(exc, AcquirerError) and type(exc) not in REFUSALS:
        return
    entry = exc.__traceback__
    while entry is not None:
        following = entry.tb_next
        while following is not None and _is_ours(following):
            following = following.tb_next
        entry.tb_next = following
        entry = following


def _is_ours(entry: TracebackType) -> bool:
    file = entry.tb_frame.f_code.co_filename
    return file == contextlib.__file__ or Path(file).is_relative_to(PACKAGE)


def problems_of(view: View | ExternalView, marks: Marks) -> Sequence[str]:
    """Return what a test left behind, as far as that is known."""
    return view.problems(strict=marks.strict) if isinstance(view, View) else ()


def marks_of(node: pytest.Item) -> Marks:
    """Return what the marker says of a test; one of the test itself goes before one of its class or module."""
    values: dict[str, Any] = {}
    names = [one.name for one in fields(Marks)]
    for mark in node.iter_markers("acquirer"):
        if mark.args:
            pytest.fail(f"@pytest.mark.acquirer takes {', '.join(f'{name}=…' for name in names)}", pytrace=False)
        for name, value in mark.kwargs.items():
            if name not in names:
                pytest.fail(f"@pytest.mark.acquirer has no '{name}'{did_you_mean(name, names)}", pytrace=False)
            values.setdefault(name, value)
    marks = Marks(**values)
    if marks.clock:
        _choice("@pytest.mark.acquirer: clock", marks.clock, CLOCKS)
    for name, fits, wanted in (
        ("terminals", type(marks.terminals) is int and marks.terminals >= 1, "a number from 1"),
        ("strict", isinstance(marks.strict, bool), "True or False"),
        ("pack", all(isinstance(one, str) for one in _packs(marks)), "the name of a pack, or a list of names"),
    ):
        if not fits:
            pytest.fail(f"@pytest.mark.acquirer: {name} is {wanted}, not {getattr(marks, name)!r}", pytrace=False)
    return marks


def _packs(marks: Marks) -> list[str]:
    return list(marks.pack) if isinstance(marks.pack, list | tuple) else [marks.pack] if marks.pack is not None else []


def _choice(what: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        pytest.fail(f"{what}: {value!r} is neither {' nor '.join(map(repr, known))}", pytrace=False)


def _log(path: str | None, stack: ExitStack) -> TextIO | None:
    """Return where the host logs to: one file for each worker."""
    if path is None:
        return None
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    name = Path(path)
    file = open_private(name.with_stem(f"{name.stem}-{worker}") if worker else name, os.O_WRONLY | os.O_APPEND)
    return stack.enter_context(os.fdopen(file, "a", buffering=1, encoding="utf-8"))


def _elsewhere(host: str, settings: Mapping[str, Any], usual: TerminalOptions) -> RemoteHost | ExternalHost:
    """Return a host in another process: all of it by its URL, its terminals alone by HOST:PORT."""
    if host.startswith("http://"):
        return RemoteHost(host, os.environ.get("ACQUIRER_HTTP_TOKEN", ""))
    return _external(str(address(host)), settings, usual)


def _tls(options: Mapping[str, Any]) -> TerminalOptions:
    """Return how terminals call over TLS, unless a test says otherwise."""
    found: TerminalOptions = {name: options[name] for name in _TLS if name in options}  # type: ignore[assignment]
    return found


def _external(host: str, settings: Mapping[str, Any], usual: TerminalOptions) -> ExternalHost:
    """Return a host elsewhere, with the share of its terminals that this worker may use."""
    file = settings.get("terminals")
    known = [one.tid for one in named_or_demo_terminals(file)]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = list(islice(known, number % len(known), None, min(workers, len(known))))
    return ExternalHost(host, str(settings.get("dialect", "unionpay-pos")), file, cycle(share), usual)
