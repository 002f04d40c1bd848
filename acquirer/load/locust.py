"""Terminals of ours as users of Locust (https://locust.io), for people who run it already.

    from locust import constant_throughput
    from acquirer.load.locust import SalesUser

    class Till(SalesUser):
        terminals = "terminals.toml"
        wait_time = constant_throughput(2)

1. Each user plays one terminal, and no other does: the terminals of a file are divided among the workers of a run by
   their `worker_index`, those of a worker among its users. What a terminal remembers stays in memory when its user
   stops, and is that of the next user who plays it.
2. Each exchange is one request of Locust's statistics, with its MTI as type and its service as name; an exchange that
   did not end well is a failure, with `ExchangeFailed`. So a sale that gets no answer counts twice: as a `sale` that
   failed, and as the `reversal` behind it.
3. Nothing here imports Twisted or starts asyncio: Locust has gevent replace the sockets, and two event loops in one
   thread do not mix. So no host can run in the process of a locustfile.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

try:
    import locust  # before everything that opens sockets: it has gevent replace them
    from locust import task
    from locust.runners import WorkerRunner
except ModuleNotFoundError as exc:
    if exc.name != "locust":
        raise
    raise ModuleNotFoundError(
        "acquirer.load.locust needs Locust, which is not installed: pip install 'locust>=2.40'", name="locust"
    ) from None

from acquirer.app.terminal import Terminal, TerminalOptions
from acquirer.data.text import plural
from acquirer.errors import PeerError
from acquirer.load.terminal_share import NoTerminal, ReportedTerminal, TerminalShare
from acquirer.settings.terminals import named_or_demo_terminals
from acquirer.terminal.exchange import Exchange, Outcome, Result

if TYPE_CHECKING:
    from locust.env import Environment

__all__ = ["ExchangeFailed", "NoTerminal", "SalesUser", "TerminalUser"]

LOG: Final = logging.getLogger(__name__)

_FIXED_SENTENCES: Final = {
    Outcome.MAC_DIFFERS: "an approval that the terminal's key does not confirm",
    Outcome.KEYS_DIFFER: "the keys of the sign-on cannot be used",
}
"""Where the detail names a terminal's keys: Locust groups failures by their text, and keeps each one."""


class ExchangeFailed(PeerError):
    """An exchange that did not end well, as Locust's table of failures shows it.

    Args:
        outcome: how it ended: declined, no-answer, mac-differs, malformed, keys-differ, not-sent, refused.
        code: the response code; "" when no answer could be used.
    """

    def __init__(self, outcome: Outcome, code: str, sentence: str) -> None:
        super().__init__(f"{outcome}: {sentence}" if sentence else str(outcome))
        self.outcome, self.code = outcome, code

    @classmethod
    def of(cls, exchange: Exchange) -> ExchangeFailed:
        """Return what Locust is given of an exchange."""
        fixed = _FIXED_SENTENCES.get(exchange.outcome)
        answer = f"{exchange.code} {exchange.meaning.en}".strip()
        detail = fixed or (answer if exchange.outcome is Outcome.DECLINED else exchange.detail)
        return cls(exchange.outcome, exchange.code, detail)


class TerminalUser(locust.User):
    """A user of Locust that plays a terminal: `terminal` is one of `acquirer.app.terminal`, with all its operations.

    `host` (or ``--host``) is the host's ``HOST:PORT``. A subclass has its tasks; one that overrides `on_start` or
    `on_stop` calls these too. `context` of a request event has, besides what `User.context` returns, the `tid`, `stan`
    and response `code` of the exchange, and in `detail` why it failed; its `response` is the exchange.
    """

    abstract = True

    terminals: ClassVar[Path | str | None] = None
    """File of ``[[terminal]]`` tables, as `acquirer serve` reads it; None: the demo terminals."""
    options: ClassVar[TerminalOptions] = {}
    """More about the terminals: `dialect`, `timeout_s`, `keep_open`, `state` (a folder), `sign_upload` and others."""
    accepted_codes: ClassVar[Collection[str]] = ()
    """Response codes that are no failure, besides those that approve."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._share: TerminalShare | None = None
        self._terminal: ReportedTerminal | None = None

    @property
    def terminal(self) -> Terminal:
        """The terminal that this user plays.

        Raises:
            NoTerminal: there is none left for this user.
            DataError: the file of terminals is wrong, or a terminal cannot speak its dialect.
        """
        if self._terminal is None:
            self._share = _share_of(self)
            options: TerminalOptions = {**self.options, "host": self.host} if self.host else self.options
            self._terminal = self._share.play(options, self)
        return self._terminal

    def on_start(self) -> None:
        """Take a terminal."""
        _ = self.terminal

    def on_stop(self) -> None:
        """Hang up, and leave the terminal to the next user."""
        if self._terminal is not None and self._share is not None:
            self._share.take_back(self._terminal)
            self._terminal = None

    def report(self, exchange: Exchange, took_ms: float) -> None:
        """Hand Locust an exchange that has ended."""
        good = exchange.outcome is Outcome.APPROVED or exchange.code in self.accepted_codes
        reply = exchange.reply
        self.environment.events.request.fire(
            request_type=exchange.mti,
            name=exchange.service,
            response_time=took_ms,
            response_length=len(reply.raw) if reply else 0,
            response=exchange,
            context={
                **self.context(),
                "tid": self._terminal.tid if self._terminal else "",
                "stan": exchange.stan,
                "code": exchange.code,
                "detail": exchange.detail,
            },
            exception=None if good else ExchangeFailed.of(exchange),
        )

    def report_refused(self, result: Result) -> None:
        """Hand Locust an operation that the terminal itself refused: nothing was sent, so it has no time."""
        self.environment.events.request.fire(
            request_type="refused",
            name=result.service,
            response_time=None,
            response_length=0,
            context={**self.context(), "tid": self._terminal.tid if self._terminal else ""},
            exception=ExchangeFailed(result.outcome, "", result.sentence),
        )


class SalesUser(TerminalUser):
    """A terminal on an ordinary day: sales, some of them signed, some taken back, now and then a sign-on.

    It needs nothing but a subclass; `wait_time` says how often it does something.
    """

    abstract = True

    amount: ClassVar[str] = "1.00"
    card: ClassVar[str] = "standard"
    """A test card, by its name."""
    signature: ClassVar[str] = "Ann"
    """What cardholders write. Drawing and compressing it takes processor time of the worker."""

    @task(20)
    def sale(self) -> None:
        """Sell; a first sale signs on before."""
        self.terminal.sale(self.amount, self.card)

    @task(2)
    def signed_sale(self) -> None:
        """Sell, and have it signed; the signature goes up after the next sale (`sign_upload`)."""
        self.terminal.sale(self.amount, self.card, sign=self.signature)

    @task(1)
    def reversed_sale(self) -> None:
        """Sell, and take it back."""
        if self.terminal.sale(self.amount, self.card).ok:
            self.terminal.reverse()

    @task(1)
    def sign_on(self) -> None:
        """Fetch new working keys."""
        self.terminal.sign_on()


_SHARES: Final[dict[tuple[str, int, int], TerminalShare]] = {}

_OURS: Final = ("host", "terminals", "mid", "tmk", "bdk", "ksn", "name", "watch")


def _share_of(user: TerminalUser) -> TerminalShare:
    """Return the share of this process in the terminals of a user. Raises NoTerminal, DataError."""
    for name in _OURS:
        if name in user.options:
            raise NoTerminal(f"'{name}' is no option of a {type(user).__name__}: {_OTHERWISE.get(name, _FROM_FILE)}")
    index, count = _place(user.environment)
    if index >= count:
        raise NoTerminal(
            f"this is worker {index + 1} of a run for {plural(count, 'worker')}: give the master --expect-workers with "
            "the number of workers, by which the terminals are divided (one that starts again counts anew)"
        )
    about = str(user.terminals) if user.terminals is not None else "the demo set"
    share = _SHARES.get((about, index, count))
    if share is None:
        known = named_or_demo_terminals(user.terminals)
        share = _SHARES[about, index, count] = TerminalShare(known[index::count], about)
        user.environment.events.test_stop.add_listener(partial(_tell_cut_off, share))
    return share


_OTHERWISE: Final[Mapping[str, str]] = {
    "host": "it is the user's own attribute, or --host",
    "terminals": "it is an attribute of the class",
    "watch": "listen to environment.events.request",
}
_FROM_FILE: Final = "it stands in the file of terminals"


def _place(environment: Environment) -> tuple[int, int]:
    """Return which worker of a run this process is, from 0, and how many there are to be."""
    runner = environment.runner
    if not isinstance(runner, WorkerRunner):
        return 0, 1
    return runner.worker_index, environment.parsed_options.expect_workers if environment.parsed_options else 1


def _tell_cut_off(share: TerminalShare, **_event: Any) -> None:
    """Say what was under way when the users were stopped: Locust knows nothing of it."""
    if share.cut_off:
        some, one = plural(share.cut_off, "exchange"), share.cut_off == 1
        words = (some, "was" if one else "were", "is" if one else "are")
        LOG.warning("%s %s under way when the run ended, and %s missing from the statistics", *words)
        share.cut_off = 0
