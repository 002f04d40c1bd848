"""A journey with all that it names: dialect, packs, cards, terminals; read and checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, cast, get_type_hints

from acquirer.app.build import build_parts
from acquirer.app.terminal_core import TerminalCore
from acquirer.app.terminal_options import TerminalOptions
from acquirer.data.toml import DataError, Document, did_you_mean
from acquirer.dialect.dialect import Dialect
from acquirer.host.issuer.cards import CardTable
from acquirer.journey.journey import Journey, JourneyHeader, Operate
from acquirer.journey.reading import JourneyContext, read_journey_header, read_steps
from acquirer.settings.cards import load_cards
from acquirer.settings.config import SETTINGS, make_config
from acquirer.settings.held_cards import held_card
from acquirer.settings.named_files import JOURNEYS
from acquirer.settings.registration import Registration
from acquirer.settings.terminals import demo_terminals, read_terminals

HOST_SETTINGS: Final = tuple(
    name
    for name in SETTINGS
    if name not in ("listen", "store", "dialect", "terminals", "cards", "pack", "fault", "seed", "tls")
)
"""What ``[journey.host]`` may set; the others are keys of ``[journey]``, or steps."""

TERMINAL_OPTIONS: Final = (
    "operator",
    "serial",
    "package",
    "tpdu",
    "head",
    "keep_open",
    "sign_upload",
    "sign_parts",
    "watermark",
    "tell_capture",
    "fetch",
    "offline_upload",
    "offline_most",
    "no_sign_limit",
    "copies",
    "printer",
)
"""What ``[journey.terminal]`` may set."""


@dataclass(frozen=True, slots=True)
class PreparedJourney:
    """A journey that can be run.

    Args:
        settings: of our host.
        cards: test cards, with those of the packs.
        terminals: in the order of the journey.
    """

    journey: Journey
    settings: Mapping[str, Any]
    cards: CardTable
    terminals: tuple[Registration, ...]
    base: Path

    def options(self, terminal: int) -> TerminalOptions:
        """Return the options of a terminal, but for its host, its state, its clock and its watch."""
        header = self.journey.header
        options: dict[str, Any] = {
            **header.terminal,
            **registered_options(self.terminals[terminal]),
            "dialect": _beside(self.base, header.dialect),
            "cards": _beside(self.base, header.cards) or None,
            "timeout_s": header.timeout_s,
        }
        if header.seed is not None:
            options["randbytes"] = Random(f"{header.seed} {terminal}").randbytes  # noqa: S311  asked for
        return cast("TerminalOptions", options)


def prepare(name_or_path: str, *, own_host: bool = True) -> PreparedJourney:
    """Return a journey by the name under which it ships, or by the path of a file that ends in ``.toml``.

    Args:
        own_host: whether it runs against a host of ours; else what needs one is refused.

    Raises:
        DataError: it cannot be read, or cannot be run as it is: one sentence with file, line and key.
    """
    document = JOURNEYS.read(name_or_path)
    base = JOURNEYS.path(name_or_path).parent
    header = read_journey_header(document, own_host=own_host)
    settings = _settings(document, base, header)
    with _placed(document, header, settings):
        parts = build_parts(make_config(**settings))
        cards = load_cards(settings.get("cards"))
        for pack in parts.packs:
            cards = pack.with_cards(cards)
        named = read_terminals(Path(settings["terminals"])) if header.terminals_file else []
        named += [one for pack in parts.packs for one in pack.terminals]
    for rule in parts.rules.declared:
        if rule.then.hold_ms == 0:
            problem = f"rule '{rule.name}' holds an exchange for a person, and a journey has none; take the pack out"
            raise document.error(("journey", "packs"), problem)
    registered = {one.tid: one for one in named or demo_terminals()}
    dialect = parts.dialects[0]
    context = JourneyContext(
        dialect,
        cards=[card.name for card in cards.cards.values()],
        rules=[rule.name for rule in parts.rules.declared],
        faults=parts.faults.declared,
        own_host=own_host,
    )
    prepared = PreparedJourney(
        Journey(document.name, header, read_steps(document, header, context)),
        settings,
        cards,
        tuple(_terminal(document, header, registered, place) for place in range(len(header.terminals))),
        base,
    )
    _check_terminals(document, prepared, dialect)
    return prepared


def _beside(base: Path, name: str) -> str:
    """Return a name as it is, and the path of a file from where the journey lies."""
    return str(base / name) if name.endswith((".toml", ".png", ".json")) else name


_NAMED_BY: Final = {"dialect": "dialect", "cards": "cards", "terminals": "terminals_file", "seed": "seed"}
"""Setting of the host → key of ``[journey]``."""

_OPTIONS: Final = {"--pack": "packs", "--listen": "listen", "--seed": "seed"}
"""Option in whose name a problem is reported → key of ``[journey]``."""


@contextmanager
def _placed(document: Document, header: JourneyHeader, settings: Mapping[str, Any]) -> Iterator[None]:
    """Say where the journey names what cannot be used; what stands in another file is said with its place there."""
    try:
        yield
    except DataError as exc:
        if exc.line:
            raise
        if exc.name in header.host or exc.name == "--signature-check":
            name = exc.name.removeprefix("--").replace("-", "_")
            raise document.error(("journey", "host", name), exc.problem) from None
        if exc.name in _OPTIONS:
            raise document.error(("journey", _OPTIONS[exc.name]), exc.problem) from None
        places = {settings[setting]: key for setting, key in _NAMED_BY.items() if setting in settings}
        places |= dict.fromkeys(settings["pack"], "packs")
        problem = f"{exc.key}: {exc.problem}" if exc.key else exc.problem
        raise document.error(("journey", places.get(exc.name, exc.name)), f"{exc.name}: {problem}") from None


def _terminal(
    document: Document, header: JourneyHeader, registered: Mapping[str, Registration], place: int
) -> Registration:
    tid = header.terminals[place]
    if tid in registered:
        return registered[tid]
    where = header.terminals_file or ("the packs" if header.packs and len(registered) < 200 else "the demo set")
    hint = did_you_mean(tid, registered) or "; name a file that holds it as terminals_file"
    written = document.data.get("journey", {}).get("terminals")
    path = ("journey", "terminals", place) if isinstance(written, list) else ("journey", "terminals")
    raise document.error(path, f"{where} holds no terminal '{tid}'{hint}")


def _settings(document: Document, base: Path, header: JourneyHeader) -> dict[str, Any]:
    """Return the settings of our host. Raises DataError."""
    for name in header.host:
        if name in SETTINGS and name not in HOST_SETTINGS:
            raise document.error(("journey", "host", name), "is said by the journey itself or its steps; take it out")
        if name not in HOST_SETTINGS:
            raise document.unknown(("journey", "host", name), HOST_SETTINGS)
    settings: dict[str, Any] = {
        **header.host,
        "dialect": _beside(base, header.dialect),
        "listen": header.listen or "127.0.0.1:0",
        "pack": [_beside(base, name) for name in header.packs],
    }
    given = {"terminals": header.terminals_file, "cards": header.cards}
    settings |= {name: _beside(base, file) for name, file in given.items() if file}
    if header.seed is not None:
        settings["seed"] = header.seed
    return settings


def _check_terminals(document: Document, prepared: PreparedJourney, dialect: Dialect) -> None:
    """Set each terminal up once, and have each signature drawn; nothing is sent. Raises DataError."""
    header = prepared.journey.header
    kinds = get_type_hints(TerminalOptions)
    for name, value in header.terminal.items():
        if name not in TERMINAL_OPTIONS:
            raise document.unknown(("journey", "terminal", name), TERMINAL_OPTIONS)
        kind = kinds[name]
        if isinstance(kind, type) and type(value) is not kind:
            words = {bool: "true or false", int: "a whole number", str: "a text in quotes"}
            raise document.error(("journey", "terminal", name), f"must be {words[kind]}")
    if dialect.terminal_profile is None:
        raise document.error(("journey", "dialect"), "does not describe its terminals, so none can be played")
    try:
        cores = [TerminalCore(one.tid, **prepared.options(place)) for place, one in enumerate(prepared.terminals)]
    except (TypeError, ValueError) as exc:
        problem = exc.problem if isinstance(exc, DataError) else str(exc)
        raise document.error(("journey", "terminal"), problem) from None
    for place, step in enumerate(prepared.journey.steps):
        action = step.action
        if isinstance(action, Operate) and "sign" in action.arguments:
            mode = action.arguments.get("sign_mode") or action.arguments.get("mode") or "touch"
            try:
                cores[step.terminal].pad(_beside(prepared.base, action.arguments["sign"]), mode)
            except ValueError as exc:
                raise document.error(("step", place, action.operation.name), str(exc)) from None


def registered_options(known: Registration) -> TerminalOptions:
    """Return the options of a terminal that its registration says: its merchant, and the keys that it has."""
    keys = {"tmk": known.tmk, "bdk": known.bdk, "ksn": known.ksn.hex()}
    options = {"mid": known.mid, "name": known.name, **{name: value for name, value in keys.items() if value}}
    return cast("TerminalOptions", options)


def with_cards(arguments: Mapping[str, Any], cards: CardTable) -> dict[str, Any]:
    """Return arguments of an operation with the data of cards, which are known, in place of their names."""
    found = dict(arguments)
    for name in ("paid_by", "card"):  # the card that pays is the one with the PIN
        if name in found:
            card = cards.named(found[name])
            assert card is not None, "what names a card that is not there is refused when it is read"
            found[name] = held_card(card, found.pop("pin", ""))
    return found


def operation_arguments(prepared: PreparedJourney, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as `Terminal` takes them: cards with their data, files from where the journey lies."""
    found = with_cards(arguments, prepared.cards)
    if "sign" in found:
        found["sign"] = _beside(prepared.base, found["sign"])
    return found
