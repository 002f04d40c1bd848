"""A host's configuration: everything a decision needs that is no message and no row. Immutable but for its caches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final, NamedTuple

from acquirer.data.types import Randbytes
from acquirer.dialect.compiled import CompiledDialect
from acquirer.dialect.dialect import Dialect, Route
from acquirer.downloads.catalogue import NOTHING, Catalogue
from acquirer.host.calendar import Calendar
from acquirer.host.diagnosis_budget import DiagnosisBudget
from acquirer.host.issuer.cards import CardTable
from acquirer.host.keys import KeyRing
from acquirer.host.signature_policy import Checks
from acquirer.host.unproved import UnprovedSignOns
from acquirer.host.used_ksns import UsedKsns
from acquirer.model.reasons import FALLBACKS, Reason
from acquirer.scenario.faults import Faults
from acquirer.scenario.rules import Rules
from acquirer.security.vault import Vault
from acquirer.settlement.policies import ReversibleLoads, SettlementReply, UnsignedPolicy
from acquirer.wire.elements import read_element

SILENT_CENTS: Final = 98
"""The trigger amount that gets no reply: 98 is also what the terminal then gives as the reason of its reversal."""

MAGSTRIPE_LETTER: Final = "S"
"""The letter on receipts by which a dialect tells a swiped card from a fallback to its stripe."""


@dataclass(frozen=True, slots=True)
class HostOptions:
    """Switches of a whole host."""

    trigger_amounts: bool = False  # the cents of an amount are the numeric response code; 98 is not answered at all
    checks: Checks = field(default_factory=Checks)  # of signatures
    void_other_day: bool = False  # a void is taken on another business day too, as long as its batch is open
    refund_days: int = 30  # a refund is taken for so many days after its sale (H-BP; hosts differ)
    pre_auth_days: int = 29  # a pre-authorisation is completed, topped up or voided for so many days (H-BP)
    reversible_loads: ReversibleLoads = "all"  # reversals of loads; "voids": only of the void of one (hosts differ)
    completion_percent: int = 115  # of what is held, so much may be taken (H-BP; others: 100)
    settlement_reply: SettlementReply = "host"  # whose totals a reply has that is not balanced
    unsigned_at_settlement: UnsignedPolicy = "accept"  # what a settlement does about transactions without a signature
    no_sign_limit_minor: int | None = None  # contactless sales up to it need none; None: as the dialect says


class NumberFacts(NamedTuple):
    """What follows from the number of a card alone."""

    token: str  # the name of its row
    masked: str
    problem: str  # what is wrong with it; "": nothing
    notes: tuple[str, ...]
    organisation: str  # that replies say of it; "": none


class Host:
    """One acquirer speaking one dialect. Shared by all its connections; used from one thread."""

    __slots__ = (
        "_codes",
        "calendar",
        "chip_data_de",
        "chip_modes",
        "code_de",
        "diagnoses",
        "dialect",
        "downloads",
        "entry_modes",
        "faults",
        "function_de",
        "function_stop",
        "has_batch",
        "head_first",
        "issuer",
        "keys_as_text",
        "magstripe_entry_modes",
        "nibbles",
        "numbers",
        "options",
        "pin_block_de",
        "pin_capture_de",
        "pin_control_de",
        "pin_data_des",
        "pin_entry_modes",
        "plans",
        "randbytes",
        "read",
        "ring",
        "rules",
        "sequence_de",
        "signs_on",
        "stream_diagnoses",
        "stripe_modes",
        "suite",
        "tokens",
        "tpdu_bytes",
        "tpdu_first",
        "track_des",
        "unproved",
        "used_ksns",
        "vault",
    )

    def __init__(
        self,
        compiled: CompiledDialect,
        vault: Vault,
        randbytes: Randbytes,
        issuer: CardTable,
        faults: Faults,
        timezone: tzinfo,
        options: HostOptions = HostOptions(),
        rules: Rules | None = None,
        unproved: UnprovedSignOns | None = None,
        downloads: Catalogue = NOTHING,
    ) -> None:
        dialect = compiled.dialect
        self.dialect = dialect
        self.suite = compiled.suite
        self.plans = compiled.plans
        self.read = compiled.read
        self.vault = vault
        self.randbytes = randbytes
        self.issuer = issuer
        self.faults = faults
        self.rules = rules if rules is not None else Rules(generation=faults.generation)
        self.options = options
        self.downloads = downloads  # what its terminals may fetch
        self._codes: dict[tuple[Reason, int], str] = {}
        self.tokens: dict[str, str] = {}  # of cards in the issuer's table, whose numbers are in memory anyway
        self.numbers: dict[str, NumberFacts] = {}  # the same
        self.ring = KeyRing(vault)
        self.unproved = unproved if unproved is not None else UnprovedSignOns()
        self.used_ksns = UsedKsns()
        self.diagnoses = DiagnosisBudget()  # of requests, by their deadlines
        self.stream_diagnoses = DiagnosisBudget()  # of what is no frame
        self.calendar = Calendar(timezone, compiled.clock_forms)
        keys = dialect.elements.get("keys")
        self.keys_as_text = keys is not None and dialect.fields[keys.de].kind != "b"
        self.signs_on = any(route.service == "sign_on" and route.served for route in dialect.routes)
        self.has_batch = "batch" in dialect.elements
        self.magstripe_entry_modes = frozenset(_magstripe_entry_modes(dialect))
        self.entry_modes, self.pin_entry_modes = _entry_modes(dialect)
        self.stripe_modes, self.track_des = _stripe_modes(dialect)
        self.chip_modes, self.chip_data_de = _chip_modes(dialect)
        sequence, function = dialect.elements.get("card_sequence"), dialect.elements.get("function")
        self.sequence_de = sequence.de if sequence is not None and sequence.whole else 0
        self.code_de = dialect.elements["code"].de if "code" in dialect.elements else 0
        self.function_de, self.function_stop = (function.de, function.stop or 0) if function is not None else (0, 0)
        self.pin_block_de = dialect.elements["pin_block"].de if "pin_block" in dialect.elements else 0
        self.pin_control_de, self.pin_capture_de = (
            at.de if (at := dialect.elements.get(name)) is not None else 0
            for name in ("security_control", "pin_capture")
        )
        self.pin_data_des = frozenset({self.pin_control_de, self.pin_capture_de} - {0})  # that come with a PIN
        envelope = dialect.envelope
        self.tpdu_first, self.head_first, self.tpdu_bytes = envelope.tpdu[:1], envelope.head[:1], len(envelope.tpdu)
        requirements = dialect.terminal_profile.head if dialect.terminal_profile else {}
        # What the head of a reply may ask of a terminal, and how; a dialect without such a digit asks for nothing.
        self.nibbles: dict[str, int] = {name: int(nibble, 16) for nibble, name in requirements.items()}
        if "contactless" in self.nibbles:
            self.nibbles["bins"] = self.nibbles["contactless"]  # they have none of their own, and belong together

    def token(self, pan: str) -> str:
        """Return the name of a card's row, a keyed hash of its number."""
        token = self.tokens.get(pan)
        if token is None:
            token = self.vault.token(pan)
            if pan in self.issuer.cards:
                self.tokens[pan] = token
        return token

    def code_of(self, reason: Reason, route: Route | None) -> str:
        """Return the response code of a reason in this dialect; a route may have its own, see also `FALLBACKS`."""
        code = self._codes.get((reason, id(route)))  # routes live as long as their dialect
        if code is None:
            code = self._codes[reason, id(route)] = self._find_code(reason, route)
        return code

    def _find_code(self, reason: Reason, route: Route | None) -> str:
        names = (reason, FALLBACKS[reason]) if reason in FALLBACKS else (reason,)
        for codes in (self.dialect.reasons,) if route is None else (route.codes, self.dialect.reasons):
            for name in names:
                if name in codes:
                    return codes[name]
        raise KeyError(reason)  # `CompiledDialect` has refused such a dialect


def _entry_modes(dialect: Dialect) -> tuple[frozenset[str], frozenset[str]]:
    """Return what element `entry_mode` says in this dialect, and the values of it that say that a PIN was entered."""
    profile = dialect.terminal_profile
    if profile is None or "pin_block" not in dialect.elements:
        return frozenset(), frozenset()
    entries = profile.entries.values()
    with_pin = frozenset(profile.entry_mode(entry, pin=True) for entry in entries)
    without = frozenset(profile.entry_mode(entry, pin=False) for entry in entries)
    return with_pin | without, with_pin - without


def _stripe_modes(dialect: Dialect) -> tuple[frozenset[str], frozenset[int]]:
    """Return what element `entry_mode` says of a stripe that was read, and the fields that then hold a track."""
    profile = dialect.terminal_profile
    tracks = frozenset(at.de for name in ("track2", "track3") if (at := dialect.elements.get(name)))
    if profile is None or not tracks:
        return frozenset(), tracks
    entries = [entry for entry in profile.entries.values() if set(entry.carries) & {"track2", "track3"}]
    stripes = [entry for entry in entries if "pan" not in entry.carries]
    return frozenset(profile.entry_mode(entry, pin=pin) for entry in stripes for pin in (True, False)), tracks


def _chip_modes(dialect: Dialect) -> tuple[frozenset[str], int]:
    """Return what element `entry_mode` says of a chip that was read, and the field of its data; 0: there is none."""
    profile, at = dialect.terminal_profile, dialect.elements.get("icc")
    if profile is None or at is None:
        return frozenset(), 0 if at is None else at.de
    chips = [entry for entry in profile.entries.values() if "icc" in entry.carries]
    return frozenset(profile.entry_mode(entry, pin=pin) for entry in chips for pin in (True, False)), at.de


def _magstripe_entry_modes(dialect: Dialect) -> Iterator[str]:
    """What element `card_entry`, a part of `entry_mode`, says of a card that was swiped."""
    whole, part, profile = (
        dialect.elements.get("entry_mode"),
        dialect.elements.get("card_entry"),
        dialect.terminal_profile,
    )
    if profile is None or whole is None or part is None:
        return
    for entry in profile.entries.values():
        if entry.letter == MAGSTRIPE_LETTER:
            value = read_element({whole.de: profile.entry_mode(entry, pin=False)}, part)
            if isinstance(value, str):
                yield value
