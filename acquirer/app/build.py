"""From settings to parts: the dialects, the terminals, the hosts that speak for an acquirer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from secrets import randbits
from typing import Final
from zoneinfo import ZoneInfo

from acquirer.app.dialects import served_dialect
from acquirer.data.text import plural
from acquirer.data.toml import DataError, did_you_mean, parse_toml
from acquirer.data.types import Randbytes
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect
from acquirer.downloads.catalogue import Catalogue
from acquirer.host.core import Host, HostOptions
from acquirer.host.issuer.cards import CardTable
from acquirer.host.signature_policy import Checks, parse_checks
from acquirer.host.unproved import UnprovedSignOns
from acquirer.net.limits import MOST_CONNECTIONS, Limits
from acquirer.process.clock import Clock, fixed_clock
from acquirer.process.randomness import pooled
from acquirer.process.virtual_time import VirtualClock
from acquirer.scenario import faults
from acquirer.scenario.doubtful import doubtful
from acquirer.scenario.faults import Fault, Faults
from acquirer.scenario.generation import GenerationCounter
from acquirer.scenario.rules import Rule, Rules
from acquirer.scenario.rules.reading import read_rules
from acquirer.security.vault import Vault
from acquirer.settings.cards import load_cards
from acquirer.settings.config import Config
from acquirer.settings.downloads import load_downloads
from acquirer.settings.listen import Address, parse_listen
from acquirer.settings.packs import Pack, read_pack
from acquirer.settings.registration import Registration
from acquirer.settings.server_tls import ServerTls, load_server_tls
from acquirer.settings.terminals import demo_terminals, read_terminals
from acquirer.settings.text_file import read_text_file
from acquirer.settings.tls_tables import ServerTlsTable
from acquirer.settings.values import VIRTUAL
from acquirer.settings.weak_keys import weak_keys
from acquirer.store import Store

MOST_DOUBTS: Final = 10
"""Sentences about rules and faults that will not act: who has more of them reads no further."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything of a host that needs neither a socket nor a store: what can be wrong in settings is known by now."""

    config: Config
    addresses: tuple[Address, ...]
    compiled: tuple[CompiledDialect, ...]  # one for each address
    packs: tuple[Pack, ...]
    faults: Faults
    rules: Rules
    first_faults: tuple[Fault, ...]  # those that settings name
    first_rules: tuple[Rule, ...]
    timezone: ZoneInfo
    clock: Clock
    randbytes: Randbytes
    limits: Limits
    checks: Checks  # of signatures
    unproved: UnprovedSignOns
    downloads: Catalogue
    tls: Mapping[str, ServerTls]  # of addresses with such a name

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """The dialect of each address."""
        return tuple(compiled.dialect for compiled in self.compiled)


def build_parts(config: Config, clock: Clock | None = None) -> Parts:
    """Read all that settings point to.

    Args:
        clock: in place of the one that settings ask for.

    Raises:
        DataError: one sentence about what is wrong, and where.
    """
    addresses = tuple(parse_listen(text) for text in config.listen)
    if not addresses:
        raise DataError("--listen", 0, "", "nowhere to listen; name at least one [HOST:]PORT[=DIALECT]")
    if config.seed is not None and not all(address.loopback for address in addresses):
        raise DataError("--seed", 0, "", "makes keys anyone can compute; it is for listeners on loopback only")
    timezone = ZoneInfo(config.timezone)
    compiled = tuple(served_dialect(address.dialect or config.dialect) for address in addresses)
    packs = tuple(read_pack(name) for name in config.pack)
    generation = GenerationCounter()
    dialects = [one.dialect for one in compiled]
    typed = [fault for text in config.fault for fault in read_faults(text, dialects)]
    packed = [fault for pack in packs for fault in faults.load(pack.section("fault"), dialects)]
    first_faults, first_rules = (*typed, *packed), tuple(_rules(packs, dialects))
    return Parts(
        config=config,
        addresses=addresses,
        compiled=compiled,
        packs=packs,
        faults=Faults(first_faults, config.seed if config.seed is not None else randbits(63), generation),
        rules=Rules(first_rules, generation),
        first_faults=first_faults,
        first_rules=first_rules,
        timezone=timezone,
        clock=clock or configured_clock(config),
        randbytes=pooled() if config.seed is None else Random(config.seed).randbytes,  # noqa: S311  asked for, and said aloud
        limits=Limits(
            connections=config.connections or MOST_CONNECTIONS,
            frame_s=config.frame_s,
            idle_s=config.idle_s,
            idle_known_s=config.idle_known_s,
        ),
        checks=_checks(config),
        unproved=UnprovedSignOns(),
        downloads=load_downloads(config.downloads),
        tls=load_listeners_tls(config, addresses),
    )


def load_listeners_tls(config: Config, addresses: Iterable[Address]) -> dict[str, ServerTls]:
    """Return what listeners show where they speak TLS, by the names they ask for. Raises DataError."""
    tables = {address.tls: listener_table(config, address) for address in addresses}
    return {name: load_server_tls(table) for name, table in tables.items() if table is not None}


def listener_table(config: Config, address: Address) -> ServerTlsTable | None:
    """Return the ``[tls.NAME]`` that a listener asks for; None: it speaks none. Raises DataError."""
    if not address.tls:
        return None
    tables = {table.name: table for table in config.tls}
    if address.tls not in tables:
        problem = f"there is no [tls.{address.tls}] in acquirer.toml{did_you_mean(address.tls, tables)}"
        raise DataError("--listen", 0, "", problem)
    return tables[address.tls]


def configured_clock(config: Config) -> Clock:
    """Return the clock that settings ask for: the machine's, one that stands still, or one that may be set ahead."""
    if config.clock is None:
        return Clock()
    if config.clock == VIRTUAL:
        return VirtualClock()
    return fixed_clock(config.clock, ZoneInfo(config.timezone))


def build_host(parts: Parts, compiled: CompiledDialect, vault: Vault) -> Host:
    """Return the host that speaks a dialect; hosts of one process share terminals, keys, faults. Raises DataError."""
    return Host(
        compiled,
        vault=vault,
        randbytes=parts.randbytes,
        issuer=_issuer(parts),
        faults=parts.faults,
        rules=parts.rules,
        unproved=parts.unproved,
        downloads=parts.downloads,
        timezone=parts.timezone,
        options=HostOptions(
            trigger_amounts=parts.config.trigger_amounts,
            checks=parts.checks,
            void_other_day=parts.config.void_other_day,
            refund_days=parts.config.refund_days,
            pre_auth_days=parts.config.pre_auth_days,
            completion_percent=parts.config.completion_percent,
            reversible_loads=parts.config.reversible_loads,
            settlement_reply=parts.config.settlement_reply,
            unsigned_at_settlement=parts.config.unsigned_at_settlement,
            no_sign_limit_minor=parts.config.no_sign_limit_minor,
        ),
    )


def _issuer(parts: Parts) -> CardTable:
    """Return the test cards of the file and the packs that settings name. Raises DataError."""
    issuer = load_cards(parts.config.cards)
    for pack in parts.packs:
        issuer = pack.with_cards(issuer)
    return issuer


def doubts(parts: Parts, store: Store) -> Iterator[str]:
    """Yield a sentence for each rule and fault that will not act as things stand; the last one counts the rest."""
    rules, faults = parts.rules.declared, parts.faults.declared
    if not (rules or faults):
        return
    cards = [card.name for card in _issuer(parts).cards.values()]
    with store.reader() as reader:
        tids = set(reader.terminal_numbers())
    found = list(doubtful(rules, faults, parts.dialects, cards, tids))
    yield from found[:MOST_DOUBTS]
    if len(found) > MOST_DOUBTS:
        yield f"{plural(len(found) - MOST_DOUBTS, 'more rule or fault', 'more rules and faults')} cannot act"


def register_terminals(parts: Parts, store: Store, vault: Vault, warn: Callable[[str], None]) -> int:
    """Register the terminals of the file and the packs that settings name, else the demo set if the store knows none.

    Returns how many terminals the store knows then; `warn` takes a sentence about keys that protect nothing.

    Raises:
        DataError: the file is wrong.
    """
    terminals = wanted_terminals(parts)
    if terminals:
        for sentence in weak_keys(terminals):
            warn(sentence)
        store.register(terminals, vault)
    with store.reader() as reader:
        known = reader.count_terminals()
    if known:
        return known
    return store.register(demo_terminals(), vault).total


def wanted_terminals(parts: Parts) -> list[Registration]:
    """Return the terminals of the file and the packs that settings name. Raises DataError."""
    path = parts.config.terminals
    terminals = [] if path is None else read_terminals(path)
    for pack in parts.packs:
        terminals += pack.terminals
    return terminals


def _rules(packs: Iterable[Pack], dialects: Collection[Dialect]) -> Iterator[Rule]:
    names: set[str] = set()
    for pack in packs:
        for rule in read_rules(pack.section("rule"), dialects, names):
            names.add(rule.name)
            yield rule


def _checks(config: Config) -> Checks:
    try:
        return parse_checks(config.signature_check)
    except ValueError as exc:
        raise DataError("--signature-check", 0, "", str(exc)) from None


def read_faults(text: str, dialects: Collection[Dialect] = (), option: str = "--fault") -> tuple[Fault, ...]:
    """Return a fault as typed for an option, or those of a file. Raises DataError."""
    if not text.endswith(".toml"):
        try:
            return (faults.parse(text, dialects),)
        except ValueError as exc:
            raise DataError(option, 0, "", str(exc)) from None
    try:
        document = parse_toml(read_text_file(Path(text)), text)
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not UTF-8"
        raise DataError(text, 0, "", f"cannot be read ({reason}); name a file of [[fault]] tables") from None
    return faults.load(document, dialects)
