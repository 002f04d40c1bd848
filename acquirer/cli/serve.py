"""``acquirer serve``: play the acquirer's host until a signal ends it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.stores import warn

if TYPE_CHECKING:
    from acquirer.app.serve import Door
    from acquirer.settings.config import Config

_KINDS = Path(__file__).parents[1] / "scenario" / "faults"
_FAULTS = " ".join(sorted(path.stem for path in _KINDS.glob("[a-z]*.py")))  # by their files: importing them is slow

BEHAVIOUR, LIMITS = "Behaviour", "Limits"  # headings in the help


def command(
    listen: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[HOST:]PORT[=DIALECT][,tls=NAME]", help="Where to listen; may be given again. Port 0: a free one."
        ),
    ] = None,
    store: Annotated[
        str | None, typer.Option(metavar="URL", help="memory:, sqlite:///relative.db or sqlite:////absolute.db")
    ] = None,
    http: Annotated[
        str | None, typer.Option(metavar="[HOST:]PORT", help="Where it is controlled by HTTP; needs acquirer[http].")
    ] = None,
    http_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A further name under which HTTP clients may ask.", rich_help_panel=LIMITS),
    ] = None,
    exit_with_parent: Annotated[
        bool | None,
        typer.Option(
            "--exit-with-parent/--no-exit-with-parent",
            help="End when the process that started it has ended, also if that was killed.",
            rich_help_panel=LIMITS,
        ),
    ] = None,
    dialect: Annotated[
        str | None, typer.Option(metavar="NAME", help="The dialect spoken where --listen names none.")
    ] = None,
    terminals: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Terminals to register; none are ever deleted.")
    ] = None,
    cards: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="The issuer's test cards.")] = None,
    downloads: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="What terminals download; what this folder lacks is as shipped."),
    ] = None,
    log: Annotated[str | None, typer.Option(metavar="auto|readable|json|off", help="Lines on stderr.")] = None,
    trace: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE[.pcapng]",
            help="Write all frames there, raw and unmasked: as text, or as packets for Wireshark.",
        ),
    ] = None,
    trace_mib: Annotated[
        int | None,
        typer.Option(metavar="MIB", help="The trace grows no further than this: 256.", rich_help_panel=LIMITS),
    ] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings instead of ./acquirer.toml")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say when ready as one JSON object.")] = False,
    timezone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", help="Of business days; for example Asia/Shanghai.", rich_help_panel=BEHAVIOUR),
    ] = None,
    trigger_amounts: Annotated[
        bool | None,
        typer.Option(
            "--trigger-amounts/--no-trigger-amounts",
            help="Cents of an amount choose the answer: 12.51 is declined 51, 12.98 is not answered.",
            rich_help_panel=BEHAVIOUR,
        ),
    ] = None,
    magic_amounts: Annotated[  # the name of --trigger-amounts in version 0.1
        bool | None, typer.Option("--magic-amounts/--no-magic-amounts", hidden=True)
    ] = None,
    void_other_day: Annotated[
        bool | None,
        typer.Option(
            "--void-other-day/--no-void-other-day",
            help="Take a void on a later business day than its sale's.",
            rich_help_panel=BEHAVIOUR,
        ),
    ] = None,
    refund_days: Annotated[
        int | None,
        typer.Option(metavar="DAYS", help="How long after its sale a refund is taken.", rich_help_panel=BEHAVIOUR),
    ] = None,
    pre_auth_days: Annotated[
        int | None,
        typer.Option(metavar="DAYS", help="How long a pre-authorisation can be completed.", rich_help_panel=BEHAVIOUR),
    ] = None,
    completion_percent: Annotated[
        int | None,
        typer.Option(
            metavar="PERCENT", help="How much of what is held a completion may take.", rich_help_panel=BEHAVIOUR
        ),
    ] = None,
    reversible_loads: Annotated[
        str | None,
        typer.Option(
            metavar="all|voids",
            help="Which reversals of loads are taken: all, or only of the void of one.",
            rich_help_panel=BEHAVIOUR,
        ),
    ] = None,
    settlement_reply: Annotated[
        str | None,
        typer.Option(
            metavar="WHOSE",
            help="Totals in the reply to a settlement that is not balanced: host, host-without-offline, terminal.",
            rich_help_panel=BEHAVIOUR,
        ),
    ] = None,
    unsigned_at_settlement: Annotated[
        str | None,
        typer.Option(
            metavar="accept|flag|hold",
            help="What a settlement does about transactions without a signature; hold keeps the batch open.",
            rich_help_panel=BEHAVIOUR,
        ),
    ] = None,
    keep_days: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS",
            help="How long transactions of closed batches are kept after their last use.",
            rich_help_panel=BEHAVIOUR,
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:KEY=VALUE,…|FILE.toml",
            help=f"Damage on purpose, as in silent:tid=10000161; 'acquirer faults' describes the kinds: {_FAULTS}.",
            rich_help_panel=BEHAVIOUR,
        ),
    ] = None,
    pack: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE.toml",
            help="Rules, faults, terminals, cards: day-end, issuer-down … ('acquirer rules' lists packs), or a file.",
            rich_help_panel=BEHAVIOUR,
        ),
    ] = None,
    signature_check: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHECK=strict|log|off",
            help="How signatures are checked, as in amount=log",
            rich_help_panel=BEHAVIOUR,
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Repeatable keys; loopback only.", rich_help_panel=BEHAVIOUR)
    ] = None,
    clock: Annotated[
        str | None,
        typer.Option(
            metavar="TIME|virtual",
            help="Stand still at this time: 2026-01-02T03:04:05; virtual: it may be set ahead by HTTP.",
            rich_help_panel=BEHAVIOUR,
        ),
    ] = None,
    patience_s: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="How long terminals wait for an answer.", rich_help_panel=LIMITS),
    ] = None,
    connections: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Connections open at one time.", rich_help_panel=LIMITS)
    ] = None,
    frame_s: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Time for one frame to arrive.", rich_help_panel=LIMITS)
    ] = None,
    idle_s: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Silence allowed to peers not approved of yet.", rich_help_panel=LIMITS),
    ] = None,
    idle_known_s: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Silence allowed to all others.", rich_help_panel=LIMITS)
    ] = None,
) -> None:
    """Play the acquirer's host: listen, sign terminals on, book sales, match reversals.

    Every option may also stand in acquirer.toml (idle_s = 60) or the environment (ACQUIRER_IDLE_S=60).
    Ends with 0 on SIGTERM, SIGINT or SIGHUP, 2 when a setting cannot be used, 3 when an address is taken, 6 when the
    store failed. Where TLS is spoken, SIGHUP reads certificates anew instead.
    """
    parent = os.getppid()  # before anything else: it may end while modules are imported
    import asyncio
    import json

    from acquirer.app.serve import serve
    from acquirer.net.server import BindError
    from acquirer.process.virtual_time import VirtualLoop
    from acquirer.settings.config import load_config
    from acquirer.settings.values import VIRTUAL
    from acquirer.store import StoreError

    flags: dict[str, Any] = {
        "listen": tuple(listen) if listen else None,
        "http": http,
        "http_host": tuple(http_host) if http_host else None,
        "exit_with_parent": exit_with_parent,
        "store": store,
        "dialect": dialect,
        "terminals": terminals,
        "cards": cards,
        "downloads": downloads,
        "timezone": timezone,
        "trigger_amounts": trigger_amounts,
        "magic_amounts": magic_amounts,
        "void_other_day": void_other_day,
        "refund_days": refund_days,
        "pre_auth_days": pre_auth_days,
        "completion_percent": completion_percent,
        "reversible_loads": reversible_loads,
        "settlement_reply": settlement_reply,
        "unsigned_at_settlement": unsigned_at_settlement,
        "keep_days": keep_days,
        "fault": tuple(fault) if fault else None,
        "pack": tuple(pack) if pack else None,
        "signature_check": tuple(signature_check) if signature_check else None,
        "seed": seed,
        "clock": clock,
        "log": log,
        "trace": trace,
        "trace_mib": trace_mib,
        "patience_s": patience_s,
        "connections": connections,
        "frame_s": frame_s,
        "idle_s": idle_s,
        "idle_known_s": idle_known_s,
    }
    settings = load_config(flags, os.environ, config)
    if settings.trace is not None and settings.log == "off":
        warn(f"frames are written to {settings.trace} as they are, unmasked")

    def ready(fields: dict[str, Any]) -> None:
        print(json.dumps(fields, ensure_ascii=False) if as_json else _ready_line(fields), flush=True)

    door = _http_door(settings)
    try:
        with asyncio.Runner(loop_factory=VirtualLoop if settings.clock == VIRTUAL else None) as runner:
            stderr = None if settings.log == "off" else sys.stderr
            failure = runner.run(serve(settings, stderr, ready, door, parent))
    except BindError as exc:
        raise Exit(Code.NO_CONNECTION, f"{exc}.") from None
    except StoreError as exc:
        raise Exit(Code.USAGE, f"{exc}.") from None
    if failure:
        raise Exit(Code.STORE_FAILED, f"{failure}.")


def _http_door(settings: Config) -> Door | None:
    """Return what serves HTTP, if that is asked for. Raises Exit, DataError."""
    if settings.http is None:
        return None
    try:
        from acquirer.control.server import http_door
    except ModuleNotFoundError as exc:
        if (exc.name or "").startswith("acquirer"):
            raise
        problem = f"--http needs {exc.name}, which is not installed: pip install 'acquirer[http]'."
        raise Exit(Code.USAGE, problem) from None
    return http_door(settings.http, settings.http_host, settings.http_token or "")


def _ready_line(fields: dict[str, Any]) -> str:
    listeners = ", ".join(map(_listener, fields["listeners"]))
    line = f"ready: listening on {listeners}; {fields['terminals']} terminals; store {fields['store']}"
    if "http" in fields:
        line += f"; HTTP at {fields['http']}"
    return line + (f" with the token {fields['http_token']}" if "http_token" in fields else "")


def _listener(fields: dict[str, str]) -> str:
    tls = f", TLS {fields['tls']}" if "tls" in fields else ""
    return f"{fields['address']} ({fields['dialect']}{tls})"
