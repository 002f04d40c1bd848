"""Downloads (下载): parameters, CA public keys, AIDs, lists … each fetched whole, checked, and then kept at once.

1. A kind that is begun is noted first; it is kept, and the note taken away, once its end was answered. So a power cut
   at any moment leaves what was there before, and a terminal that fetches it again.
2. A CA public key whose check value (DF03) is wrong is not kept, and said; the other keys are.
3. What the head of a reply asks for is fetched once its operation is over (`with_downloads`), unless the owner has
   switched that off (`Setup.fetches`), and what was begun before with it.

Source: Q/CUP 009, 下载类交易; how each kind travels: `acquirer.downloads`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from acquirer.downloads.kinds import NAMES, Download, ordered_downloads
from acquirer.terminal.download_steps import Fetch, Fetched
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import ANSWERED, Exchange, Outcome, Result
from acquirer.terminal.fetch_cards import fetch_bins, fetch_blacklist
from acquirer.terminal.fetch_chip import fetch_aids, fetch_keys_of_cas
from acquirer.terminal.fetch_values import (
    fetch_contactless,
    fetch_parameters,
    fetch_rates,
    fetch_software,
    upload_status,
)
from acquirer.terminal.machine import Machine

SERVICE: Final = "download"

FETCHES: Final[dict[Download, Fetch]] = {
    "parameters": fetch_parameters,
    "status": upload_status,
    "capk": fetch_keys_of_cas,
    "aid": fetch_aids,
    "contactless": fetch_contactless,
    "bins": fetch_bins,
    "blacklist": fetch_blacklist,
    "rates": fetch_rates,
    "software": fetch_software,
}

ALL: Final[tuple[Download, ...]] = ("parameters", "capk", "aid", "contactless", "bins", "blacklist", "rates")
"""What a terminal fetches in its first hour."""

MESSAGES: Final = (
    *("parameters", "parameters_end", "status_upload", "capk_query", "capk", "capk_end", "aid_query", "aid", "aid_end"),
    *("contactless", "contactless_end", "bins_b", "bins_b_end", "bins_c", "bins_c_end", "blacklist", "blacklist_end"),
    *("rates", "software_end", "rsa_key", "tmk", "tmk_activation"),
)
"""Services of all messages of downloads, those of the master key among them."""

TOGETHER: Final[dict[str, tuple[Download, ...]]] = {"contactless": ("contactless", "bins")}
"""What is fetched for one digit of the head: the BIN tables have none, and belong to the contactless parameters."""


@dataclass(slots=True)
class _Course:
    """How several downloads went."""

    sentences: list[str] = field(default_factory=list)
    outcome: Outcome = Outcome.APPROVED
    exchange: Exchange | None = None

    def add(self, kind: Download, fetched: Fetched) -> None:
        """Note how one of them went; the first that failed stands for all."""
        failure = f"{NAMES[kind]} not fetched: {fetched.problem}"
        self.sentences.append(failure if fetched.problem else fetched.summary)
        if self.outcome is Outcome.APPROVED:
            self.outcome, self.exchange = fetched.outcome, fetched.exchange


def download(machine: Machine, kinds: Sequence[Download] = ()) -> Program[Result]:
    """Fetch kinds of downloads, in their order; none given: all of a terminal's first hour.

    Raises:
        LookupError: the dialect has no downloads.
    """
    machine.setup.dialect.find_route("parameters")
    course = yield from _fetch(machine, ordered_downloads(kinds or ALL))
    return Result(SERVICE, course.outcome, course.exchange, "; ".join(course.sentences))


def with_downloads(machine: Machine, program: Program[Result]) -> Program[Result]:
    """Run an operation, then fetch what the host asks for and what was begun before.

    The result is the operation's; what went wrong with the downloads is added to its sentence.
    """
    machine.tried = set()
    result = yield from program
    while machine.setup.fetches and (kinds := _due(machine)):
        course = yield from _fetch(machine, kinds)
        if course.outcome is not Outcome.APPROVED:
            result.sentence = "; ".join(filter(None, [result.sentence, *course.sentences]))
            break
    return result


def _due(machine: Machine) -> tuple[Download, ...]:
    """Return what is to be fetched next: only after an answer, and each kind once in an operation."""
    if machine.wanted is None:
        return ()
    pending = machine.state.downloaded.pending
    requested = TOGETHER.get(machine.wanted, ordered_downloads([machine.wanted]))
    due = ordered_downloads((*requested, *pending))
    return tuple(kind for kind in due if kind not in machine.tried)


def _fetch(machine: Machine, kinds: Iterable[Download]) -> Program[_Course]:
    course = _Course()
    for kind in kinds:
        machine.tried.add(kind)
        before = machine.state.downloaded
        if kind not in before.pending:
            yield from machine.keep(downloaded=replace(before, pending=ordered_downloads((*before.pending, kind))))
        fetched = yield from FETCHES[kind](machine)
        if fetched.ended:
            yield from machine.keep(downloaded=_after(machine, kind, fetched.changes))
        yield from fetched.end()
        course.add(kind, fetched)
        if fetched.exchange is None or fetched.exchange.outcome not in ANSWERED:
            break  # no line, or a host that cannot be understood
    return course


def _after(machine: Machine, kind: Download, changes: dict[str, Any]) -> Any:
    downloaded = machine.state.downloaded
    pending = tuple(one for one in downloaded.pending if one != kind)
    fetched = {**downloaded.fetched, kind: machine.setup.now().isoformat(timespec="seconds")}
    return replace(downloaded, pending=pending, fetched=fetched, **changes)
