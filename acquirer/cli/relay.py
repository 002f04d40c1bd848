"""``acquirer relay``: sit between a terminal and a host, pass everything on, and keep what passed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.reaching import typed_host
from acquirer.cli.stores import StoreOption
from acquirer.cli.tls_options import CaOption, KeyOption, NameOption, Tls, VersionOption

if TYPE_CHECKING:
    from acquirer.app.comparison import ComparisonReport


def command(
    listen: Annotated[
        str,
        typer.Option(metavar="[HOST:]PORT[,tls=NAME]", help="Where terminals connect. Port 0: a free one."),
    ] = "127.0.0.1:8583",
    to: Annotated[str, typer.Option(metavar="HOST:PORT", help="The host that everything is passed on to.")] = "",
    dialect: Annotated[
        str | None, typer.Option(metavar="NAME", help="The dialect that is spoken: unionpay-pos, or a file.")
    ] = None,
    store: str | None = StoreOption,
    log: Annotated[
        str | None, typer.Option(metavar="auto|readable|json|off", help="A line on stderr for each exchange.")
    ] = None,
    timezone: Annotated[str | None, typer.Option(metavar="ZONE", help="Of the times in readable lines.")] = None,
    patience_s: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="A request without a reply is unanswered then; else as its dialect says."),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:KEY=VALUE,…|FILE.toml", help="Damage to replies on purpose, as in silent:service=sale."
        ),
    ] = None,
    request_fault: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND:KEY=VALUE,…|FILE.toml", help="The same to requests, as in truncate:tid=10000161."),
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="NUMBER", help="Of what faults draw: the same again.")] = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE[.pcapng]",
            help="Write all frames there, raw and unmasked: as text, or as packets for Wireshark.",
        ),
    ] = None,
    trace_mib: Annotated[
        int | None, typer.Option(metavar="MIB", help="The trace grows no further than this: 256.")
    ] = None,
    tls_ca: CaOption = None,
    tls_certificate: Annotated[
        Path | None,
        typer.Option("--tls-certificate", metavar="FILE", help="PEM of what it shows the host, for all terminals."),
    ] = None,
    tls_key: KeyOption = None,
    tls_name: NameOption = "",
    tls_version: VersionOption = "",
    compare: Annotated[
        bool,
        typer.Option(
            "--compare", help="Have our host answer too, and say field by field where its replies would differ."
        ),
    ] = False,
    terminals: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="For --compare: the terminals, with their master keys.")
    ] = None,
    cards: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="For --compare: the test cards.")] = None,
    pack: Annotated[
        list[str] | None, typer.Option(metavar="NAME|FILE.toml", help="For --compare: rules that our host has.")
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="For --compare: a field that may differ, as in 44, 60.2 or rrn; again."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Say when ready as one JSON object; so is the report of --compare.")
    ] = False,
) -> None:
    """Sit between a terminal and a host: pass every byte on unchanged, decode it, and journal each exchange.

    'acquirer journal' reads the store while it relays. What cannot be decoded is passed on like everything else.
    The host is called over TLS with --tls-ca; terminals speak it where --listen names a [tls.NAME] of acquirer.toml.
    With --fault or --request-fault, what they match is damaged; everything else is passed on unchanged.
    With --compare our host answers each request too, in memory; where its reply would differ is said in the line of
    each exchange and in a report at the end, and nothing of it is sent.
    Ends with 0 on SIGTERM, SIGINT or SIGHUP, 1 when --compare found what must not differ, or nothing to compare, 2 when
    an option cannot be used, 3 when an address is taken, 6 when the store failed.
    """
    import asyncio

    from acquirer.app.build import listener_table
    from acquirer.app.relay import RelayOptions, RunningRelay, relay
    from acquirer.net.server import BindError
    from acquirer.settings.config import load_config
    from acquirer.settings.listen import parse_listen
    from acquirer.store import StoreError

    if not to:
        raise Exit(Code.USAGE, "--to is missing: name the host that everything is passed on to, as HOST:PORT.")
    host = typed_host("--to", to)
    where = parse_listen(listen)
    for option, given in (("--terminals", terminals), ("--cards", cards), ("--pack", pack), ("--ignore", ignore)):
        if given and not compare:
            raise Exit(Code.USAGE, f"{option} is for --compare: add that, or leave it out.")
    config = load_config(
        {
            "store": store,
            "dialect": where.dialect or dialect,
            "log": log,
            "timezone": timezone,
            "patience_s": patience_s,
            "trace": trace,
            "trace_mib": trace_mib,
            "terminals": terminals,
            "cards": cards,
            "pack": pack,
        }
    )
    options = RelayOptions(
        where,
        host[:2],
        config.dialect,
        config.store,
        config.timezone,
        config.log,
        config.patience_s,
        config.keep_days,
        tuple(fault or ()),
        tuple(request_fault or ()),
        seed,
        config.trace,
        config.trace_mib,
        listener_table(config, where),
        Tls(tls_ca, tls_certificate, tls_key, tls_name, tls_version).client,
        config if compare else None,
        tuple(ignore or ()),
    )

    def ready(running: RunningRelay) -> None:
        fields = running.ready
        spoken = ", ".join([fields["dialect"], *([f"TLS {fields['tls']}"] if "tls" in fields else [])])
        to_host = f"{fields['to']}{' over TLS' if fields['to_tls'] else ''}"
        line = f"ready: relaying {fields['listen']} ({spoken}) to {to_host}; store {fields['store']}"
        print(json.dumps(fields, ensure_ascii=False) if as_json else line, flush=True)

    try:
        running = asyncio.run(relay(options, None if config.log == "off" else sys.stderr, ready))
    except BindError as exc:
        raise Exit(Code.NO_CONNECTION, f"{exc}.") from None
    except StoreError as exc:
        raise Exit(Code.USAGE, f"{exc}.") from None
    if running.comparison is not None:
        _print_report(running.comparison, as_json=as_json)
    if failure := running.journal.fatal_error:
        raise Exit(Code.STORE_FAILED, f"{failure}.")
    if running.comparison is not None and not running.comparison.holds:
        raise Exit(Code.EXPECTATION_FAILED)


def _print_report(report: ComparisonReport, *, as_json: bool) -> None:
    from acquirer.data.text import printable

    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False), flush=True)
        return
    for line in report.lines():
        print(printable(line), flush=True)
