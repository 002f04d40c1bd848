"""What ``scripts/bench`` runs: how fast a host is; what exchanges cost beside another revision; starts; journals."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from acquirer.load import against, fairness, hosts_in_tests, idle, journal_cost, ratios, relay_cost, starts
from acquirer.load.against import AgainstOptions, CheckoutError
from acquirer.load.cpu import NotMeasurable
from acquirer.load.fairness import FairnessOptions, TooManyConnections
from acquirer.load.flood_kinds import RUBBISH
from acquirer.load.frames import FIRST_TID
from acquirer.load.journal_cost import NoPageSizes
from acquirer.load.ratios import RatioOptions
from acquirer.load.servers import MASTER_KEY, REGISTERED

BENCH_MID = "880210010210162"  # of the sample of a sign-on that the dialect ships

DESCRIPTION = """Sign-ons a second, durable on SQLite, beside a bare Twisted echo, a store in memory, sales with MACs
and a burst of signatures; with --peer, beside another host.
With --against, processor time per exchange of two revisions. With --starts, processor time of commands until they
are ready or have ended. With --tests, start and end of a host within a program. With --journal, what a million
exchanges cost: bytes of an exchange and of a transaction, memory, queries, the next start. With --idle, memory of a
connection. With --fairness, how long a sale takes while others send rubbish, and what memory the host takes then. With
--relay, what a relay adds to an exchange."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for; return 1 when a mark was missed, 2 when it cannot be run, 0 otherwise."""
    command_line = parser()
    options = command_line.parse_args(arguments)
    if options.against and options.kind == "uploads":
        command_line.error("--against has no uploads: use --kind kept, fresh or sales")
    try:
        if options.starts:
            return starts.measure(options.rounds or 5)
        if options.journal:
            return journal_cost.measure_journal(options.count or journal_cost.COUNT)
        if options.idle:
            return idle.measure_idle(options.count or idle.COUNT)
        if options.relay:
            return relay_cost.measure_relay(options.rounds or relay_cost.ROUNDS, options.count or relay_cost.COUNT)
        if options.tests:
            return hosts_in_tests.measure_hosts(options.rounds or hosts_in_tests.ROUNDS)
        if options.fairness:
            return fairness.measure_fairness(fairness_options(options))
        if options.against:
            return against.compare(against_options(options))
        return ratios.run(ratio_options(options))
    except (CheckoutError, NotMeasurable, NoPageSizes, TooManyConnections) as exc:
        print(f"{exc}.", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; options without a value take the default of what is measured."""
    command_line = argparse.ArgumentParser(prog="scripts/bench", description=DESCRIPTION)
    what = command_line.add_mutually_exclusive_group()
    what.add_argument("--against", metavar="REVISION", help="compare with this commit, tag or branch")
    what.add_argument("--starts", action="store_true", help="measure how commands start")
    what.add_argument("--tests", action="store_true", help="measure start and end of a host within a program")
    what.add_argument("--journal", action="store_true", help="measure what a large store costs")
    what.add_argument("--idle", action="store_true", help="measure the memory of idle connections")
    what.add_argument("--fairness", action="store_true", help="measure sales while others send rubbish")
    what.add_argument("--relay", action="store_true", help="measure what a relay adds to an exchange")
    command_line.add_argument(
        "--rounds", type=int, help="default: 9; 5 with --starts and --relay, 50 with --tests, 3 with --fairness"
    )
    command_line.add_argument(
        "--seconds", type=float, help="at most, for each round; default: 3, with --against 60, with --fairness 5"
    )
    command_line.add_argument("--connections", type=int, help="open at one time; default: 200, with --fairness 100")
    command_line.add_argument(
        "--count",
        type=int,
        help="exchanges for each round; default: up to 150000, with --against 20000, with --journal 1000000",
    )
    command_line.add_argument(
        "--uploads", type=int, help="signatures uploaded at once, 0 leaves that out; default: 200"
    )
    command_line.add_argument("--log", help="the host's --log, whose lines go to a file; default: json")
    command_line.add_argument("--store", choices=("sqlite", "memory", "both"), help="default: both")
    command_line.add_argument("--kind", choices=ratios.KINDS, help="only this kind of load; no uploads with --against")
    command_line.add_argument(
        "--peer",
        type=_address,
        metavar="HOST:PORT",
        help=f"measure another host in the same rounds; it must know terminals {FIRST_TID} to "
        f"{FIRST_TID + REGISTERED - 1} of merchant {BENCH_MID} and their TMK {MASTER_KEY}, and approve their sign-ons",
    )
    command_line.add_argument("--peer-pid", type=int, metavar="PID", help="its process here: measure what it uses too")
    command_line.add_argument(
        "--beside",
        choices=tuple(RUBBISH),
        action="append",
        help="with --fairness: only this kind of rubbish; repeatable",
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


def fairness_options(options: argparse.Namespace) -> FairnessOptions:
    """Return the options of ``--fairness``."""
    given = FairnessOptions(**_given(options, ("rounds", "seconds", "connections")))
    return replace(given, beside=tuple(options.beside)) if options.beside else given


def ratio_options(options: argparse.Namespace) -> RatioOptions:
    """Return the options of a bench without ``--against`` or ``--starts``."""
    names = ("seconds", "rounds", "connections", "count", "uploads", "log", "store", "peer", "peer_pid")
    chosen = RatioOptions(**_given(options, names))
    return replace(chosen, kinds=(options.kind,)) if options.kind else chosen


def _address(text: str) -> tuple[str, int]:
    name, _, port = text.rpartition(":")
    if not name or not (port.isascii() and port.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no address: write HOST:PORT")
    return name, int(port)


def _given(options: argparse.Namespace, names: Sequence[str]) -> dict[str, Any]:
    """The values of those options that were typed."""
    return {name: value for name in names if (value := getattr(options, name)) is not None}


if __name__ == "__main__":
    raise SystemExit(main())
