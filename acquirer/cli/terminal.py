"""``acquirer terminal``: play one POS terminal, one operation per command, one readable line per exchange."""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from acquirer.cli.errors import Code, Exit

if TYPE_CHECKING:
    from acquirer.app.terminal import Terminal
    from acquirer.terminal.exchange import Exchange, Result

app = typer.Typer(help="Play a POS terminal against any host: sign on, sell, reverse, sign off.", rich_markup_mode=None)

STATE = Path("acquirer-terminals")
"""Where terminals keep their state unless told otherwise: beside the host's database, in the working directory."""


@dataclass
class Common:
    """The options that every operation has."""

    host: Annotated[str, typer.Option(metavar="HOST:PORT", help="The host to talk to.")] = "127.0.0.1:8583"
    tid: Annotated[str, typer.Option(metavar="TID", help="Terminal number.")] = "10000161"
    terminals: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Where the terminal is found; default: the demo terminals.")
    ] = None
    state: Annotated[Path, typer.Option(metavar="DIR", help="Where keys, counters and the outbox are kept.")] = STATE
    dialect: Annotated[str, typer.Option(metavar="NAME", help="The dialect to speak.")] = "unionpay-pos"
    package: Annotated[str, typer.Option(metavar="001…006", help="Key package to ask for at sign-on.")] = ""
    operator: Annotated[str, typer.Option(metavar="01", help="Who signs on.")] = "01"
    serial: Annotated[str, typer.Option(metavar="TEXT", help="The terminal's serial number, told at sign-on.")] = ""
    tpdu: Annotated[str, typer.Option(metavar="HEX", help="Instead of the dialect's.")] = ""
    head: Annotated[str, typer.Option(metavar="HEX", help="Instead of the dialect's.")] = ""
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0.001, help="How long to wait for one answer.")
    ] = None
    expect: Annotated[
        list[str] | None,
        typer.Option(metavar="39=00", help="End with 1 unless the reply has this; a DE or an element; again for more."),
    ] = None
    as_json: Annotated[bool, typer.Option("--json", help="Print the operation as one JSON object.")] = False


@dataclass
class Job:
    """What a command asks of an open terminal."""

    work: Callable[[Terminal], Result]
    receipt: bool = False  # print the receipt of what was sold


def _operation(plan: Callable[..., Job]) -> Callable[..., None]:
    """A command from a function that plans a job from its own options: those of `Common` are added to them."""
    own = list(inspect.signature(plan, eval_str=True).parameters.values())
    hints = get_type_hints(Common, include_extras=True)
    common = [
        inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=hints[one.name])
        for one in fields(Common)
    ]

    @wraps(plan)
    def command(**given: Any) -> None:
        options = Common(**{one.name: given.pop(one.name) for one in fields(Common)})
        _run(options, lambda: plan(**given))

    command.__signature__ = inspect.Signature([*own, *common])  # type: ignore[attr-defined]  # what typer reads
    command.__annotations__ = {one.name: one.annotation for one in (*own, *common)}
    return command


@app.command("sign-on")
@_operation
def sign_on() -> Job:
    """Sign on: fetch working keys and the batch number."""
    return Job(lambda terminal: terminal.sign_on())


@app.command("sale")
@_operation
def sale(
    *,
    amount: Annotated[str, typer.Option(metavar="12.34", help="How much.")],
    card: Annotated[str, typer.Option(metavar="NAME", help="A test card of the shipped table.")] = "",
    pan: Annotated[str, typer.Option(metavar="DIGITS", help="Any card number, instead of --card.")] = "",
    expiry: Annotated[str, typer.Option(metavar="YYMM", help="Of that card.")] = "",
    track2: Annotated[str, typer.Option(metavar="TEXT", help="A whole track 2, instead of --card.")] = "",
    pin: Annotated[str, typer.Option(metavar="DIGITS", help="The PIN that is keyed in; none: no PIN.")] = "",
    entry: Annotated[
        str, typer.Option(metavar="NAME", help="chip, contactless, magstripe, fallback or manual.")
    ] = "chip",
    drop_reversal: Annotated[bool, typer.Option("--drop-reversal", help="Give up the reversal that is owed.")] = False,
    receipt: Annotated[bool, typer.Option("--receipt", help="Print the receipt when the sale is approved.")] = False,
) -> Job:
    """Sell. Signs on before if need be, and reverses by itself what stays unanswered."""
    from acquirer.terminal.card import CardError
    from acquirer.terminal.card import card as card_of

    if card and (pan or track2):
        raise CardError("give --card, or --pan and --track2, not both")
    held = card_of(pan, expiry, track2, pin=pin) if pan or track2 else card or "standard"
    return Job(lambda terminal: terminal.sale(amount, held, entry=entry, pin=pin, drop_reversal=drop_reversal), receipt)


@app.command("reverse")
@_operation
def reverse(
    *,
    reason: Annotated[str, typer.Option(metavar="98", help="The reason to give; default: as if no answer came.")] = "",
    stan: Annotated[str, typer.Option(metavar="STAN", help="Reverse this sale, known or not.")] = "",
    batch: Annotated[str, typer.Option(metavar="BATCH", help="Of that sale; default: the current one.")] = "",
    amount: Annotated[str | None, typer.Option(metavar="12.34", help="Of that sale.")] = None,
) -> Job:
    """Reverse the sale that is owed a reversal, else the one --stan names, else the last approved one."""
    return Job(lambda terminal: terminal.reverse(reason=reason, stan=stan, batch=batch, amount=amount))


@app.command("echo")
@_operation
def echo() -> Job:
    """Ask whether the host is there."""
    return Job(lambda terminal: terminal.echo())


@app.command("sign-off")
@_operation
def sign_off() -> Job:
    """Sign off."""
    return Job(lambda terminal: terminal.sign_off())


@app.command("receipt")
def receipt(
    tid: Annotated[str, typer.Option(metavar="TID", help="Terminal number.")] = "10000161",
    state: Annotated[Path, typer.Option(metavar="DIR", help="Where the terminal keeps its state.")] = STATE,
    cardholder: Annotated[bool, typer.Option("--cardholder", help="The cardholder's copy.")] = False,
) -> None:
    """Print the receipt of the last approved sale again."""
    from acquirer.settings.terminal_state import StateFile, StateFolderError
    from acquirer.slip.receipt import render

    try:
        with StateFile(state, tid) as file:
            kept = file.load()
    except StateFolderError as wrong:
        raise Exit(Code.USAGE, str(wrong)) from None
    if kept is None or kept.receipt is None:
        raise Exit(Code.USAGE, f"terminal {tid} has sold nothing yet, so there is no receipt to print again")
    print(render(kept.receipt, "cardholder" if cardholder else "merchant", reprint=True), end="")


def _run(options: Common, plan: Callable[[], Job]) -> None:
    from acquirer.app.terminal import Terminal
    from acquirer.data.toml import DataError
    from acquirer.settings.terminal_state import StateFolderError
    from acquirer.slip.receipt import render
    from acquirer.terminal.words import result_json

    expectations = [_expectation(text) for text in options.expect or ()]
    try:
        job = plan()
        with Terminal(
            options.tid,
            host=options.host,
            state=options.state,
            terminals=options.terminals,
            dialect=options.dialect,
            operator=options.operator,
            serial=options.serial,
            package=options.package,
            tpdu=options.tpdu,
            head=options.head,
            timeout_s=options.timeout or 0,
            watch=None if options.as_json else _Printer(),
        ) as terminal:
            result = job.work(terminal)
    except DataError:
        raise
    except (StateFolderError, LookupError, ValueError) as wrong:
        raise Exit(Code.USAGE, str(wrong)) from None
    receipt = render(result.receipt) if result.receipt else ""
    if options.as_json:
        print(json.dumps(result_json(result) | {"receipt": receipt}, ensure_ascii=False))
    elif job.receipt and receipt:
        print(f"\n{receipt}", end="")
    if result.sentence:
        print(result.sentence, file=sys.stderr)
    _end(result, expectations)


class _Printer:
    """Prints each exchange as it goes: the first half of its line while the answer is awaited."""

    def __init__(self) -> None:
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def began(self, exchange: Exchange) -> None:
        from acquirer.terminal.words import began

        print(began(exchange), end=" ", flush=True)

    def ended(self, exchange: Exchange) -> None:
        from acquirer.terminal.words import ended

        line = ended(exchange)
        if self._colour:
            head, dot, rest = line.partition(" · ")
            line = typer.style(head, fg=typer.colors.GREEN if exchange.outcome == "approved" else typer.colors.RED)
            line += dot + rest
        print(line, flush=True)


def _expectation(text: str) -> tuple[str, str]:
    what, equals, value = text.partition("=")
    if not equals or not what:
        raise Exit(Code.USAGE, f"--expect {text}: write a DE or an element, '=' and its value, like 39=00")
    return what, value


ENDS = {
    "approved": Code.OK,
    "declined": Code.OK,
    "no-answer": Code.NO_REPLY,
    "mac-differs": Code.UNDECODABLE,
    "malformed": Code.UNDECODABLE,
    "keys-differ": Code.UNDECODABLE,
    "not-sent": Code.NO_CONNECTION,
    "refused": Code.USAGE,
}
"""Outcome → exit code. An answer that cannot be believed ends like one that cannot be read."""


def _end(result: Result, expectations: list[tuple[str, str]]) -> None:
    code = ENDS[result.outcome]
    if code is not Code.OK:
        raise Exit(code)
    reply = result.exchange.reply if result.exchange else None
    for what, wanted in expectations:
        got = ""
        if reply is not None and what.isdecimal():
            value = reply.fields.get(int(what), "")
            got = value.hex().upper() if isinstance(value, bytes) else value
        elif reply is not None and what in reply.dialect.elements:
            got = reply.dialect.text(reply, what)
        elif reply is not None:
            raise Exit(Code.USAGE, f"--expect {what}: there is no such element; write a DE number, like 39=00")
        if got != wanted:
            raise Exit(Code.EXPECTATION_FAILED, f"expected {what}={wanted}, the reply has {what}={got}")
