"""The pytest plugin: a host for each worker, and for each test a view of it with terminals of its own.

It is imported by each run of pytest where this package is installed, so that it imports nothing but pytest; everything
else is imported with the first test that asks for a host.

    def test_signs_on(acquirer):
        terminal = acquirer.terminal()
        assert terminal.sign_on().ok
        acquirer.verify("sign_on", code="00")
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from acquirer.testing.external import ExternalHost, ExternalView
    from acquirer.testing.host_under_test import HostUnderTest
    from acquirer.testing.view import View

MARKER = (
    "acquirer(strict=False, pack=None, terminals=8, clock='virtual'): how the host is seen by this test. strict: an "
    "exchange that no step asks about fails it. pack: rules and faults for its terminals. terminals: how many it may "
    "have. clock: 'real' lets our terminals wait in real time."
)
HEADING = "acquirer: what the host saw"

_VIEW = pytest.StashKey["View | ExternalView"]()
_BROKEN_OFF = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("acquirer", "host for POS terminals")
    group.addoption(
        "--acquirer-host",
        metavar="ADDRESS",
        help="use the host at http://HOST:PORT (acquirer serve --http) instead of one in this process; at HOST:PORT, "
        "where terminals reach it: tests get its terminals only",
    )
    group.addoption("--acquirer-seed", metavar="N", type=int, help="draw keys and all else from this seed")
    group.addoption("--acquirer-log", metavar="FILE", help="write the host's log to a file")


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def acquirer_options() -> dict[str, Any]:
    """Settings of the host, to be overridden in a conftest: those of ``acquirer serve``, `clock` and `keys`.

    ``clock="virtual"`` (the default): our terminals do not wait in real time; ``"real"``: they do; a time: the host's
    clock stands there. ``keys="fixed"``: each terminal is always given the same working keys. `tls_ca` and the other
    TLS options of `acquirer.app.terminal.Terminal`: how all of ours call the host.
    """
    return {}


@pytest.fixture(scope="session")
def acquirer_host(
    acquirer_options: dict[str, Any], pytestconfig: pytest.Config
) -> Iterator[HostUnderTest | ExternalHost]:
    """A host that is ready: one for each worker, on a free port of loopback, with its store in memory."""
    from acquirer.testing import sessions

    yield from sessions.hosts(acquirer_options, pytestconfig)


@pytest.fixture
def acquirer(
    request: pytest.FixtureRequest, acquirer_host: HostUnderTest | ExternalHost, acquirer_options: dict[str, Any]
) -> Iterator[View | ExternalView]:
    """What this test sees and does of the host: terminals of its own, their rules, faults and exchanges."""
    from acquirer.testing import sessions

    for view, marks in sessions.views(acquirer_host, acquirer_options, request.node):
        request.node.stash[_VIEW] = view
        yield view
        if not request.node.stash.get(_BROKEN_OFF, False) and (problems := sessions.problems_of(view, marks)):
            pytest.fail("\n".join(problems), pytrace=False)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a comparison with a text of a result or of an exchange: what it belongs to, and the host's why."""
    if type(left) is str is type(right):
        return None
    if (explained := sys.modules.get("acquirer.testing.explained_text")) is None:  # then nothing explains itself
        return None
    return list(explained.explanation_of(left, op, right) or ()) or None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show in the report of a failure what the host saw, and of the way to it what is not ours."""
    view = item.stash.get(_VIEW, None)
    if view is not None and call.excinfo is not None:
        item.stash[_BROKEN_OFF] = True  # skipped tests too: what they expect had no time to happen
        if not item.config.option.fulltrace:
            from acquirer.testing import sessions

            sessions.hide_own_lines(call.excinfo.value)
    report = yield
    add = getattr(report.longrepr, "addsection", None)
    if view is not None and report.failed and add is not None:
        from acquirer.testing import sessions

        add(HEADING, sessions.seen_of(view))  # within the text, for JUnit too
    return report
