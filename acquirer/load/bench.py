"""What ``scripts/bench`` runs: how fast a host is; what exchanges cost beside another revision; starts; journals."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from acquirer.load import against, hosts_in_tests, journal_cost, ratios, starts
from acquirer.load.against import AgainstOptions, CheckoutError
from acquirer.load.cpu import NotMeasurable
from acquirer.load.journal_cost import NoPageSizes
from acquirer.load.ratios import RatioOptions

DESCRIPTION = """Sign-ons a second, durable on SQLite, beside a bare Twisted echo and beside a burst of signatures.
With --against, processor time per exchange of two revisions. With --starts, processor time of commands until they
are ready or have ended. With --tests, start and end of a host within a program. With --journal, bytes of an exchange in
the journal, and times of queries over a million."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for; return 1 when a mark was missed, 2 when it cannot be run, 0 otherwise."""
    options = parser().parse_args(arguments)
    try:
        if options.starts:
            return starts.measure(options.rounds or 5)
        if options.journal:
            return journal_cost.measure_journal(options.count or journal_cost.COUNT)
        if options.tests:
            return hosts_in_tests.measure_hosts(options.rounds or hosts_in_tests.ROUNDS)
        if options.against:
            return against.compare(against_options(options))
        return ratios.run(ratio_options(options))
    except (CheckoutError, NotMeasurable, NoPageSizes) as exc:
        print(f"{exc}.", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; options without a value take the default of what is measured."""
    command_line = argparse.ArgumentParser(prog="scripts/bench", description=DESCRIPTION)
    what = command_line.add_mutually_exclusive_group()
    what.add_argument("--against", metavar="REVISION", help="compare with this commit, tag or branch")
    what.add_argument("--starts", action="store_true", help="measure how commands start")
    what.add_argument("--tests", action="store_true", help="measure start and end of a host within a program")
    what.add_argument("--journal", action="store_true", help="measure what a large journal costs")
    command_line.add_argument(
        "--rounds", type=int, help="default: 3; 9 with --against, 5 with --starts, 50 with --tests"
    )
    command_line.add_argument("--seconds", type=float, help="at most, for each round; default: 3, with --against 60")
    command_line.add_argument("--connections", type=int, help="open at one time; default: 200")
    command_line.add_argument(
        "--count",
        type=int,
        help="exchanges for each round; default: up to 150000, with --against 20000, with --journal 1000000",
    )
    command_line.add_argument(
        "--uploads", type=int, help="signatures uploaded at once, 0 leaves that out; default: 200"
    )
    command_line.add_argument("--log", help="the host's --log, whose lines go to a file; default: json")
    command_line.add_argument("--store", choices=("sqlite", "memory"), help="default: sqlite")
    command_line.add_argument(
        "--kind", choices=("kept", "fresh", "sales"), help="with --against: only this kind of load"
    )
    command_line.add_argument(
        "--rules", type=int, help="with --against: so many rules are in force here, none of which ever fires"
    )
    return command_line


def against_options(options: argparse.Namespace) -> AgainstOptions:
    """Return the options of ``--against``."""
    names = ("rounds", "connections", "count", "seconds", "rules")
    compared = AgainstOptions(options.against, **_given(options, names))
    return replace(compared, kinds=(options.kind,)) if options.kind else compared


def ratio_options(options: argparse.Namespace) -> RatioOptions:
    """Return the options of a bench without ``--against`` or ``--starts``."""
    names = ("seconds", "rounds", "connections", "count", "uploads", "log", "store")
    return RatioOptions(**_given(options, names))


def _given(options: argparse.Namespace, names: Sequence[str]) -> dict[str, Any]:
    """The values of those options that were typed."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


if __name__ == "__main__":
    raise SystemExit(main())
