"""``acquirer journal find|wait|verify``: whether something was exchanged; ends with 1 when it was not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.journal_query import (
    AfterOption,
    BeforeOption,
    FilterArgument,
    OpenJournal,
    condition_of,
    document_of,
    open_journal,
    seconds_of,
)
from acquirer.cli.stores import ObjectOption, StoreOption
from acquirer.cli.streams import say

if TYPE_CHECKING:
    from acquirer.journal.expected_count import ExpectedCount
    from acquirer.journal.verification import ExpectedExchanges, Verification

WITHIN = "5s"  # commits take milliseconds, terminals some seconds


def find(
    filters: list[str] = FilterArgument,
    before: int | None = BeforeOption,
    store: str | None = StoreOption,
    as_json: bool = ObjectOption,
) -> int:
    """Show the latest exchange that fits; ends with 1 when none does, and says which come nearest."""
    from acquirer.journal.verification import ExpectedExchanges

    condition = condition_of([*(filters or ()), *([f"id<{before}"] if before else [])], must_say=True)
    with open_journal(store, condition, as_json=as_json) as journal:
        found = journal.search.find(condition)
        if found:
            journal.show(found[-1])
            return Code.OK
        print(_verified(journal, ExpectedExchanges(condition)).text, file=sys.stderr)
    if found.gave_up:
        say(f"--before {found.before} continues.")
    return Code.EXPECTATION_FAILED


def wait(
    filters: list[str] = FilterArgument,
    count: int = typer.Option(1, "--count", metavar="N", min=1, help="Until so many fit."),
    timeout: str = typer.Option(WITHIN, "--timeout", metavar="TIME", help="For so long: 5s, 250ms, 1min."),
    after: int | None = AfterOption,
    store: str | None = StoreOption,
    as_json: bool = ObjectOption,
) -> int:
    """Wait until exchanges fit, at once if they do; show them. Ends with 1 when the time is over."""
    from acquirer.journal.expected_count import ExpectedCount
    from acquirer.journal.verification import ExpectedExchanges

    condition, limit_s = condition_of(filters, must_say=True), seconds_of("--timeout", timeout)
    with open_journal(store, condition, as_json=False) as journal:
        found = _verified(journal, ExpectedExchanges(condition, ExpectedCount(count), limit_s, after=after or 0))
    if as_json:
        _print_answer(found, journal)
    elif found.met:
        for entry in found.entries[-count:]:
            journal.show(entry)
    else:
        print(found.text, file=sys.stderr)
    return Code.OK if found.met else Code.EXPECTATION_FAILED


def verify(
    filters: list[str] = FilterArgument,
    count: str = typer.Option("", "--count", metavar="N", help="2, '>=2', 1..3, 0; without it, at least one."),
    quiet: str = typer.Option(
        "", "--for", metavar="TIME", help="There must be no more for so long; without it only the past is judged."
    ),
    within: str = typer.Option(WITHIN, "--within", metavar="TIME", help="Wait so long until there are enough."),
    after: int | None = AfterOption,
    store: str | None = StoreOption,
    as_json: bool = ObjectOption,
) -> int:
    """Verify how many exchanges fit, as soon as there are enough or too many; ends with 1 when it is not so."""
    from acquirer.journal.verification import ExpectedExchanges

    condition, expected = condition_of(filters, must_say=True), _count(count)
    limit_s = seconds_of("--within", within)
    quiet_s = seconds_of("--for", quiet) if quiet else None
    with open_journal(store, condition, as_json=False) as journal:
        found = _verified(journal, ExpectedExchanges(condition, expected, limit_s, quiet_s, after or 0))
    if as_json:
        _print_answer(found, journal)
    else:
        print(found.text, file=sys.stdout if found.met else sys.stderr)
    return Code.OK if found.met else Code.EXPECTATION_FAILED


def _count(text: str) -> ExpectedCount:
    from acquirer.journal.expected_count import CountError, read_count

    try:
        return read_count(text or None)
    except CountError as exc:
        raise Exit(Code.USAGE, f"--count: {exc}.") from None


def _verified(journal: OpenJournal, expected: ExpectedExchanges) -> Verification:
    from acquirer.app.journal_queries import FileWaiter
    from acquirer.journal.verification import verify_count

    return verify_count(journal.search, FileWaiter(), expected)


def _print_answer(found: Verification, journal: OpenJournal) -> None:
    """Print an answer for programs."""
    from acquirer.cli.json_output import print_object

    answer: dict[str, Any] = {
        "met": found.met,
        "count": found.count,
        "exchanges": [document_of(entry, journal.config.timezone) for entry in found.entries],
        "nearest": [{"id": miss.subject.value("id"), "differs": list(miss.failed)} for miss in found.nearest],
        "text": found.text,
    }
    print_object(answer)
