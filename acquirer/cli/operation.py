"""The frame around every operation of ``acquirer terminal``: its options, the terminal it is done with, its end.

A command is made from a function that plans a `Job` from options of its own; the groups of options it names are added.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.exchange_printer import ExchangePrinter
from acquirer.cli.json_output import print_object
from acquirer.cli.operation_end import end_operation
from acquirer.cli.settlement_print import SettlementPrint, settlement_text
from acquirer.cli.slip_options import STATE, check_files, columns_of, language, write_voucher
from acquirer.cli.streams import say
from acquirer.cli.tls_options import Tls

if TYPE_CHECKING:
    from acquirer.app.terminal import Terminal
    from acquirer.cli.expectation import Expectation
    from acquirer.terminal.exchange import Result


@dataclass
class Common:
    """The options that every operation has."""

    host: Annotated[str, typer.Option(metavar="HOST:PORT", help="The host to talk to.")] = "127.0.0.1:8583"
    tid: Annotated[str, typer.Option(metavar="TID", help="Terminal number.")] = "10000161"
    terminals: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="Where the terminal is found; else ACQUIRER_TERMINALS names it, else the demo terminals.",
        ),
    ] = None
    state: Annotated[Path, typer.Option(metavar="DIR", help="Where keys, counters and the outbox are kept.")] = STATE
    dialect: Annotated[str, typer.Option(metavar="NAME", help="The dialect to speak.")] = "unionpay-pos"
    package: Annotated[str, typer.Option(metavar="001…006", help="Key package to ask for at sign-on.")] = ""
    operator: Annotated[str, typer.Option(metavar="01", help="Who signs on.")] = "01"
    serial: Annotated[str, typer.Option(metavar="TEXT", help="The terminal's serial number, sent at sign-on.")] = ""
    tpdu: Annotated[str, typer.Option(metavar="HEX", help="Instead of the dialect's.")] = ""
    head: Annotated[str, typer.Option(metavar="HEX", help="Instead of the dialect's.")] = ""
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0.001, help="How long to wait for one answer.")
    ] = None
    fetch: Annotated[bool, typer.Option("--fetch/--no-fetch", help="Download what a reply asks for.")] = True
    expect: Annotated[
        list[str] | None,
        typer.Option(metavar="39=00", help="End with 1 unless the reply has this; a DE or an element; again for more."),
    ] = None
    as_json: Annotated[bool, typer.Option("--json", help="Print the operation as one JSON object.")] = False


@dataclass
class Signing:
    """How this terminal goes about signatures."""

    sign_upload: Annotated[
        str,
        typer.Option(metavar="after-next|at-once", help="When a signature goes up: after the next sale, or its own."),
    ] = "after-next"
    sign_parts: Annotated[int, typer.Option(metavar="BYTES", help="Cut signatures into parts of this size.")] = 0
    watermark: Annotated[bool, typer.Option(help="Burn the feature code into signatures.")] = True
    capture_tag: Annotated[bool, typer.Option(help="Say how a signature was captured, in a tag of ours.")] = True


@dataclass
class Offline:
    """How this terminal goes about what is made without the host."""

    offline_upload: Annotated[
        str,
        typer.Option(metavar="WHEN", help="When it goes up: at-once, after-next (transaction), before-settlement."),
    ] = "at-once"
    offline_most: Annotated[int, typer.Option(metavar="N", help="So many that wait go up; 0: any number waits.")] = 0


@dataclass
class Printing:
    """What is printed of a transaction."""

    receipt: Annotated[bool, typer.Option("--receipt", help="Print the receipt when it is approved.")] = False
    receipt_png: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Write the receipt as a picture, with the signature beneath."),
    ] = None
    receipt_out: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Write it as .html, .pdf, .png, .txt or .escpos; again for more."),
    ] = None
    copies: Annotated[
        int, typer.Option(metavar="0…3", min=0, max=3, help="Print so many: merchant's, cardholder's, bank's.")
    ] = 0
    printer: Annotated[
        str, typer.Option(metavar="TROUBLE", help="What its printer has: no-paper, jam or power-cut; default: nothing.")
    ] = ""
    columns: Annotated[int, typer.Option(metavar="32|48", help="Of the paper: 58 or 80 mm.")] = 32
    lang: Annotated[str, typer.Option(metavar="both|zh|en", help="The language of receipts.")] = "both"


@dataclass
class Job:
    """What a command does with an open terminal."""

    work: Callable[[Terminal], Result]
    no_sign_limit: str | None = None
    slip: SettlementPrint | None = None  # how the slip of a settlement is printed; None: it is not


Plan = Callable[..., Job]

GROUPS = {
    "Signature": "sign sign_mode no_sign_limit sign_upload sign_parts watermark capture_tag",
    "Receipt": "receipt receipt_png receipt_out copies printer columns lang",
    "Made without the host": "offline_upload offline_most",
    "Terminal and host": "host tid terminals state",
    "TLS": "tls_ca tls_certificate tls_key tls_name tls_version",
    "Messages": "dialect package operator serial tpdu head fetch",
    "Answers": "timeout expect as_json",
}
"""Heading in the help → options under it. First stands what is not named here, or must be given."""


def operation(*groups: type) -> Callable[[Plan], Callable[..., None]]:
    """Return a decorator for functions that plan a job from their options; those of `Common` and `groups` are added.

    A parameter whose type is such a group stands for its options, and is given them together.
    """
    added = (*groups, Common, Tls)

    def decorate(plan: Plan) -> Callable[..., None]:
        own = list(inspect.signature(plan, eval_str=True).parameters.values())
        groups_of_plan: dict[str, type] = {
            one.name: one.annotation for one in own if isinstance(one.annotation, type) and is_dataclass(one.annotation)
        }
        spread = [
            parameter
            for one in own
            for parameter in (_parameters(groups_of_plan[one.name]) if one.name in groups_of_plan else (one,))
        ]
        parameters = [*spread, *(one for group in added for one in _parameters(group))]
        for one in parameters:
            (option,) = one.annotation.__metadata__
            option.rich_help_panel = _heading(one)

        @wraps(plan)
        def command(**given: Any) -> None:
            taken = {group: group(**{one.name: given.pop(one.name) for one in fields(group)}) for group in added}
            for name, group in groups_of_plan.items():
                given[name] = group(**{one.name: given.pop(one.name) for one in fields(group)})
            groups_given = (
                taken[Tls],
                taken.get(Signing, Signing()),
                taken.get(Offline, Offline()),
                taken.get(Printing, Printing()),
            )
            _run(taken[Common], *groups_given, lambda: plan(**given))

        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
        command.__annotations__ = {one.name: one.annotation for one in parameters}
        return command

    return decorate


def _heading(parameter: inspect.Parameter) -> str | None:
    if parameter.default is inspect.Parameter.empty:
        return None
    return next((heading for heading, names in GROUPS.items() if parameter.name in names.split()), None)


@cache
def _parameters(group: type) -> tuple[inspect.Parameter, ...]:
    """Return the options of a group; worked out once for all commands that have them."""
    hints = get_type_hints(group, include_extras=True)
    return tuple(
        inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=hints[one.name])
        for one in fields(group)
    )


def _run(
    options: Common, tls: Tls, signing: Signing, offline: Offline, printing: Printing, plan: Callable[[], Job]
) -> None:
    from acquirer.app.printer import PowerFailedError
    from acquirer.app.terminal import Terminal
    from acquirer.data.toml import DataError
    from acquirer.settings.terminal_state import StateFolderError
    from acquirer.terminal.printing import paper
    from acquirer.terminal.rendering import result_json

    lang, columns = language(printing.lang), columns_of(printing.columns)
    files = check_files(printing.receipt_out, printing.receipt_png)
    try:
        job = plan()
        copies = printing.copies or int(printing.receipt or job.slip is not None or bool(printing.printer))
        expectations = _expectations(options)
        with Terminal(
            options.tid,
            host=options.host,
            tls_ca=tls.tls_ca,
            tls_certificate=tls.tls_certificate,
            tls_key=tls.tls_key,
            tls_name=tls.tls_name,
            tls_version=tls.tls_version,
            state=options.state,
            terminals=options.terminals or os.environ.get("ACQUIRER_TERMINALS") or None,
            dialect=options.dialect,
            operator=options.operator,
            serial=options.serial,
            package=options.package,
            tpdu=options.tpdu,
            head=options.head,
            timeout_s=options.timeout or 0,
            fetch=options.fetch,
            sign_upload=signing.sign_upload,
            sign_parts=signing.sign_parts,
            watermark=signing.watermark,
            tell_capture=signing.capture_tag,
            offline_upload=offline.offline_upload,
            offline_most=offline.offline_most,
            no_sign_limit=job.no_sign_limit,
            copies=copies,
            printer=printing.printer,
            watch=None if options.as_json else ExchangePrinter(lang, columns, job.slip),
        ) as terminal:
            result = job.work(terminal)
            voucher = terminal.state.voucher
    except DataError:
        raise
    except UnicodeEncodeError:  # a word that is no text: `cli.run` says which
        raise
    except PowerFailedError as error:
        raise Exit(Code.NOT_PRINTED, f"{error}.") from None
    except (StateFolderError, LookupError, ValueError) as error:
        raise Exit(Code.USAGE, str(error)) from None
    from acquirer.slip.paper import missing_note

    approved = voucher if result.receipt else None
    receipt = paper(approved, lang=lang, columns=columns) if approved else ""
    if result.settlement is not None:
        receipt = settlement_text(result.settlement, job.slip or SettlementPrint())
    if options.as_json:
        slips = [paper(slip, lang=lang) for slip in result.slips]
        print_object(result_json(result) | {"receipt": receipt, "slips": slips})
    if note := missing_note(receipt):
        say(note)
    if approved:
        write_voucher(files, approved, lang, columns=columns)
    if result.sentence:
        say(result.sentence)
    end_operation(result, expectations, at_once=signing.sign_upload == "at-once")


def _expectations(options: Common) -> list[Expectation]:
    """Return what is expected of the reply, before anything is sent. Raises Exit, DataError."""
    if not options.expect:
        return []
    from acquirer.cli.expectation import read_expectation
    from acquirer.settings.specs import load_dialect

    dialect = load_dialect(options.dialect)
    return [read_expectation(text, dialect) for text in options.expect]
