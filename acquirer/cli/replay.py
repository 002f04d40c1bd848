"""``acquirer replay``: send recorded requests again, sealed under the keys of the host that they go to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.reaching import typed_host
from acquirer.cli.recordings import (
    DialectOption,
    RecordingOptions,
    SourceArgument,
    TraceOption,
    WhereOption,
    open_recording,
)
from acquirer.cli.stores import StoreOption
from acquirer.cli.tls_options import CaOption, CertificateOption, KeyOption, NameOption, Tls, VersionOption

if TYPE_CHECKING:
    from acquirer.app.recording import Recording
    from acquirer.app.replaying import ReplayedExchange
    from acquirer.app.resealing import Renewal
    from acquirer.dialect.compiled import CompiledDialect
    from acquirer.security.working import WorkingKeys
    from acquirer.terminal.card import CardData

KEYS, NEW, MESSAGES = "Keys", "New in the requests", "Test data, in place of a trace"


def command(
    source: str = SourceArgument,
    to: Annotated[str, typer.Option(metavar="HOST:PORT", help="The host that requests are sent to.")] = "",
    dialect: str = DialectOption,
    store: str | None = StoreOption,
    trace: Path | None = TraceOption,
    where: list[str] | None = WhereOption,
    terminals: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="The terminals with their master keys; without it, the demo terminals.",
            rich_help_panel=KEYS,
        ),
    ] = None,
    recorded_terminals: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="Those of the recording, where they are others.", rich_help_panel=KEYS),
    ] = None,
    keys: Annotated[
        str,
        typer.Option(
            metavar="PIK=HEX,MAK=HEX[,TDK=HEX]|@FILE",
            help="Working keys at the host, where no sign-on among the requests brings any.",
            rich_help_panel=KEYS,
        ),
    ] = "",
    recorded_keys: Annotated[
        str,
        typer.Option(metavar="PIK=HEX,MAK=HEX[,TDK=HEX]|@FILE", help="Those of the recording.", rich_help_panel=KEYS),
    ] = "",
    sign_on: Annotated[
        bool, typer.Option("--sign-on", help="Each terminal signs on before its first request.", rich_help_panel=KEYS)
    ] = False,
    new: Annotated[
        list[str] | None,
        typer.Option(metavar="stan|batch|time|ksn|all", help="Not as recorded; again for more.", rich_help_panel=NEW),
    ] = None,
    first_stan: Annotated[
        int, typer.Option(metavar="STAN", help="That new STANs begin with.", rich_help_panel=NEW, min=0)
    ] = 0,
    batch: Annotated[
        str, typer.Option(metavar="BATCH", help="The new batch; else the one of the sign-on.", rich_help_panel=NEW)
    ] = "",
    card: Annotated[str, typer.Option(metavar="NAME", help="A test card by its name.", rich_help_panel=MESSAGES)] = "",
    pan: Annotated[str, typer.Option(metavar="DIGITS", help="A card number.", rich_help_panel=MESSAGES)] = "",
    expiry: Annotated[str, typer.Option(metavar="YYMM", help="Of that card.", rich_help_panel=MESSAGES)] = "",
    track2: Annotated[str, typer.Option(metavar="TEXT", help="A whole track 2.", rich_help_panel=MESSAGES)] = "",
    pin: Annotated[
        str, typer.Option(metavar="DIGITS", help="The PIN; then none is opened.", rich_help_panel=MESSAGES)
    ] = "",
    tls_ca: CaOption = None,
    tls_certificate: CertificateOption = None,
    tls_key: KeyOption = None,
    tls_name: NameOption = "",
    tls_version: VersionOption = "",
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="FIELD", help="A field that may differ, as in 44, 60.2 or rrn; again.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0.001, help="How long to wait for one reply.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line for each exchange.")] = False,
) -> int:
    """Send recorded requests again, one after another, and say where the replies differ from the recorded ones.

    MACs, PIN blocks and encrypted tracks are sealed anew. The keys come from sign-ons among the requests, opened with
    the terminals' master keys; from --sign-on; or from --keys. The host is called over TLS with --tls-ca. Ends with 0
    when all replies are the recorded ones but for what must differ, 1 when one is not, 3 when the host cannot be
    reached, 4 when it is silent where it was not.
    """
    from acquirer.app.replay import ReplayOptions, SignOnFailedError, replay

    if not to:
        raise Exit(Code.USAGE, "--to is missing: name the host that requests are sent to, as HOST:PORT.")
    host = typed_host("--to", to)
    test_card = _card(card, pan, expiry, track2, pin)
    compiled, recording = open_recording(RecordingOptions(source, dialect, store, trace, where or (), test_card))
    options = ReplayOptions(
        host,
        terminals,
        recorded_terminals,
        _working_keys("--keys", keys),
        _working_keys("--recorded-keys", recorded_keys),
        sign_on,
        _renewal(new or (), first_stan, batch, pin),
        timeout or 0,
        tuple(ignore or ()),
        tls=Tls(tls_ca, tls_certificate, tls_key, tls_name, tls_version).client,
    )
    found: list[ReplayedExchange] = []
    try:
        for one in replay(compiled, recording, options):
            found.append(one)
            _print(one, compiled, as_json=as_json)
    except SignOnFailedError as exc:
        raise Exit(Code.NO_REPLY, f"{exc}.") from None
    if len(found) == 1 and not as_json:
        _print_reply(found[0], compiled)
    return _ended(found, recording, as_json=as_json)


def _ended(found: Sequence[ReplayedExchange], recording: Recording, *, as_json: bool) -> int:
    from acquirer.data.text import plural

    if not found:
        raise Exit(Code.USAGE, "The recording holds no request that can be sent.")
    differ = sum(not one.same for one in found)
    if not as_json:
        of = plural(len(recording.exchanges), "recorded exchange")
        print(f"{len(found)} of {of} sent again, {differ} differ")
    if found[-1].unreachable:
        raise Exit(Code.NO_CONNECTION, f"{found[-1].detail}.")
    if any(one.outcome == "silent" and not one.same for one in found):
        return Code.NO_REPLY
    return Code.EXPECTATION_FAILED if differ else Code.OK


def _print(one: ReplayedExchange, compiled: CompiledDialect, *, as_json: bool) -> None:
    from acquirer.app.replaying import FIRST, SECOND, replay_json
    from acquirer.cli.json_output import print_object
    from acquirer.data.text import printable
    from acquirer.dialect.amounts import decimals_of
    from acquirer.slip.receipt import decimal_amount

    dialect, entry = compiled.dialect, one.recorded.entry
    code = "" if one.reply is None else dialect.text(one.reply, "code")
    if as_json:
        print_object(replay_json(one, code))
        sys.stdout.flush()
        return
    stan = entry.stan if one.sent is None else dialect.text(one.sent, "stan")
    amount = "" if entry.amount_minor is None else decimal_amount(entry.amount_minor, decimals_of(dialect))
    title = " ".join(filter(None, (entry.mti, entry.service or "?", stan and f"STAN {stan}", amount, entry.pan_masked)))
    if one.reply is not None:
        known = dialect.codes.get(code)
        words = f"{one.reply.mti} {code} {known.meaning.en if known is not None else ''}".rstrip()
        answer = f"{words} · {one.took_us / 1000:g} ms"
    else:
        answer = one.detail or one.outcome
    print(printable(f"#{entry.id} {title} → {answer} [{'same' if one.same else 'differs'}]"), flush=True)
    for note in one.notes:
        print(printable(f"   {note}"))
    for problem in one.problems:
        print(printable(f"   {problem}"))
    for difference in one.differences:
        if difference.counts:
            print(printable(f"   differs: {difference.sentence(FIRST, SECOND)}"))


def _print_reply(one: ReplayedExchange, compiled: CompiledDialect) -> None:
    """Print the reply of a single request field by field."""
    from acquirer.cli.decode import print_explanation
    from acquirer.inspect.explain import explain

    if one.reply is not None:
        print_explanation(explain(compiled.dialect, one.reply), "the reply", 1, None)


def _renewal(new: Sequence[str], first_stan: int, batch: str, pin: str) -> Renewal:
    from acquirer.app.resealing import BATCH, RENEWABLE, STAN, Renewal
    from acquirer.data.toml import did_you_mean

    wanted = [word for one in new for word in one.split(",") if word]
    for word in wanted:
        if word not in (*RENEWABLE, "all"):
            raise Exit(
                Code.USAGE,
                f"--new: '{word}' cannot be new{did_you_mean(word, RENEWABLE)}; {', '.join(RENEWABLE)}, all.",
            )
    if "all" in wanted:
        wanted = [*RENEWABLE]
    if first_stan:
        wanted.append(STAN)
    if batch:
        wanted.append(BATCH)
    return Renewal(frozenset(wanted), first_stan, batch, pin)


def _card(name: str, pan: str, expiry: str, track2: str, pin: str) -> CardData | None:
    """Return the test card that options describe. Raises Exit, CardError."""
    if not (name or pan or track2):
        return None
    from acquirer.settings.cards import load_cards
    from acquirer.settings.held_cards import card_entry, held_card
    from acquirer.terminal.card import card as card_of

    if name and (pan or track2):
        raise Exit(Code.USAGE, "Give --card, or --pan and --track2, not both.")
    return held_card(card_entry(name, load_cards()), pin) if name else card_of(pan, expiry, track2, pin=pin)


def _working_keys(option: str, given: str) -> WorkingKeys | None:
    """Return keys written ``PIK=…,MAK=…``. Raises Exit; it never repeats them."""
    if not given:
        return None
    from acquirer.cli.key_values import read_key, read_text
    from acquirer.security.working import WorkingKeys

    found = {}
    for part in read_text(option, given).split(","):
        name, equals, digits = part.partition("=")
        name = name.strip().lower()
        if not equals or name not in ("pik", "mak", "tdk"):
            raise Exit(Code.USAGE, f"{option}: write PIK=HEX,MAK=HEX, and TDK=HEX where tracks are encrypted.")
        found[name] = read_key(f"{option} {name.upper()}", digits.strip())
    mak = found.get("mak")
    if mak is None:
        raise Exit(Code.USAGE, f"{option}: the MAK is missing; write PIK=HEX,MAK=HEX.")
    return WorkingKeys(found.get("pik", mak), mak, found.get("tdk"))
