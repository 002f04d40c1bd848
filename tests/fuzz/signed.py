"""A terminal whose requests are damaged before they are signed: right MACs over garbage, past the format check.

It is the shipped terminal, so what it sends is otherwise right for its dialect, in any state of its day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from unittest.mock import patch

from acquirer.dialect.dialect import Dialect, Route
from acquirer.model.effects import Close, Effect, RenderPicture, Send, Silence
from acquirer.model.reasons import Reason
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Exchange
from acquirer.terminal.machine import Machine
from acquirer.testing import Rig
from acquirer.testing.rig_exchange import RigReply
from acquirer.testing.rig_terminal import RigConnection, RigTerminal
from acquirer.wire.grammar import FieldSpec
from acquirer.wire.message import EncodeError, Value

WAYS: Final = ("drop", "set", "change", "move", "edge", "repeat")
UNREAD: Final = frozenset({Reason.FORMAT_ERROR, Reason.MTI_UNKNOWN, Reason.MAC_DIFFERS, Reason.NOT_SUPPORTED})
"""Reasons of what never reached a service."""

MOVED: Final = frozenset({"approved", "voided", "refunded", "completed", "adjusted"})
STANDARD_ENTRIES: Final = ("chip", "magstripe", "manual", "contactless")


@dataclass(frozen=True, slots=True)
class FieldDamage:
    """One change to the fields of a request: plain numbers and bytes, so that any tool can draw and shrink them."""

    way: str
    place: int
    data: bytes


def alphabet(spec: FieldSpec) -> str:
    """Return characters that a field may hold, those at which something begins or ends among them."""
    usual = {"n": "0123456789", "z": "0123456789D=", "h": "0123456789ABCDEF"}.get(spec.kind)
    return usual or "09AZaz \x00\x1b\n'\"<&%\x7f\x80\xd2\xf8\xff,=;{}"


def fitted(spec: FieldSpec, data: bytes) -> Value:
    """Return a value that a field can carry, made of any bytes."""
    if spec.kind == "b":
        return data[: spec.maximum] if spec.length_bytes else data.ljust(spec.maximum, b"\0")[: spec.maximum]
    if spec.kind == "x+n":
        return "CD"[len(data) % 2] + "".join(str(byte % 10) for byte in data).zfill(spec.maximum)[-spec.maximum :]
    letters = alphabet(spec)
    text = "".join(letters[byte % len(letters)] for byte in data)[: spec.maximum]
    return text if spec.length_bytes else text.ljust(spec.maximum, "0" if spec.kind in "nzh" else " ")


def edge(spec: FieldSpec, number: int) -> Value:
    """Return a value at the end of what a field can carry: nothing, zeros, nines, as long as it may be."""
    size = (0, spec.maximum, spec.maximum, 1)[number % 4] if spec.length_bytes else spec.maximum
    if spec.kind == "b":
        return bytes((0, 255, 0x80, 0x9F)[number % 4 : number % 4 + 1]) * size
    if spec.kind == "x+n":
        return "D" + "9" * spec.maximum
    return ("0", "9", alphabet(spec)[-1], "1")[number % 4] * size


def damage(dialect: Dialect, fields: dict[int, Value], one: FieldDamage, before: Mapping[int, Value]) -> None:
    """Change the fields of a request in one way."""
    names = {at.de for name in ("tid", "mid") if (at := dialect.elements.get(name))}
    present, known = sorted(fields), sorted(dialect.fields)
    if one.place % 4:  # who speaks is damaged too, but seldom: nothing is looked at then
        present = [de for de in present if de not in names] or present
    de = present[one.place % len(present)] if present and one.way != "set" else known[one.place % len(known)]
    spec = dialect.fields[de]
    if one.way == "drop":
        fields.pop(de, None)
    elif one.way == "set":
        fields[de] = fitted(spec, one.data)
    elif one.way == "edge":
        fields[de] = edge(spec, len(one.data) + one.place)
    elif one.way == "repeat" and de in before:
        fields[de] = before[de]
    elif one.way == "change" and (value := fields.get(de)):
        place = sum(one.data) % len(value)
        if isinstance(value, bytes):
            fields[de] = value[:place] + one.data[:1] + value[place + 1 :]
        else:
            letter = alphabet(spec)[(one.data or b"\0")[0] % len(alphabet(spec))]
            fields[de] = value[:place] + letter + value[place + 1 :]
    elif one.way == "move" and isinstance(value := fields.get(de), str):
        fields[de] = fitted(spec, value[::-1].encode("latin-1"))


@dataclass
class Witness:
    """A host in memory, one terminal, and what must hold of each exchange between them."""

    rig: Rig
    terminal: RigTerminal
    pending: list[FieldDamage] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    last: dict[int, Value] = field(default_factory=dict)

    def exchange(self, frame: bytes, patience_s: float) -> list[Effect]:
        """Have the host answer, and look at what it did; see `rig_terminal.RigHost`."""
        before = self.moved_minor()
        reply = self.rig.start(frame, patience_s).finish()
        self._holds(reply, self.moved_minor() != before)
        return reply.effects

    def moved_minor(self) -> list[tuple[str, int, int]]:
        """Return what the books say was moved: kind, amount, and how much of it was given back."""
        return sorted(
            (row.kind, row.amount_minor, row.refunded_minor) for row in self.rig.transactions if row.state in MOVED
        )

    def _holds(self, reply: RigReply, moved: bool) -> None:
        """One answer with a code of the dialect, one row of evidence; what is refused moves nothing."""
        effects = [one for one in reply.effects if not isinstance(one, RenderPicture)]
        (effect,), (row,) = effects, reply.evidence
        dialect = self.rig.dialect
        self.reasons[row.reason] += 1
        assert reply.why.isprintable()
        assert reply.why, row
        assert isinstance(effect, Send | Close | Silence)
        if isinstance(effect, Send):
            code = dialect.text(dialect.decode(effect.frame), "code")
            assert code in (row.code, "")  # some replies have no element for it
            assert row.code in dialect.codes
        else:
            assert row.code == ""
        assert not moved or row.reason == Reason.APPROVED, f"the books changed, and it was refused: {reply.why}"
        for card in self.rig.store.cards.values():
            assert card.spent_minor >= 0, card

    @property
    def now_us(self) -> int:
        return self.rig.now_us

    @now_us.setter
    def now_us(self, at_us: int) -> None:
        self.rig.now_us = at_us


def entry_modes(rig: Rig) -> list[str]:
    profile = rig.dialect.terminal_profile
    assert profile is not None
    return [name for name in STANDARD_ENTRIES if name in profile.entries]


def witness(dialect: str) -> Witness:
    """Return a host and a terminal of a dialect, signed on."""
    rig = Rig(dialect)
    terminal = rig.terminal()
    found = Witness(rig, terminal)
    terminal._connection = RigConnection(found, terminal._core.framing)
    with suppress(LookupError):  # where keys are derived for each message there is no sign-on
        terminal.sign_on()
    return found


@contextmanager
def damaging(found: Witness) -> Iterator[None]:
    """Have what is pending done to the next request, before it is signed, for the time of a ``with`` block."""
    talk = Machine.talk

    def damaged(
        machine: Machine, route: Route, fields: dict[int, Value], about: tuple[str, ...] = (), **how: Any
    ) -> Program[Exchange]:
        good, changed, dialect = fields, dict(fields), machine.setup.dialect
        while found.pending:
            damage(dialect, changed, found.pending.pop(), found.last)
        found.last = good
        changed.pop(dialect.mac_de(changed), None)
        try:
            dialect.encode(route.mti, changed)
        except EncodeError:
            changed = good
        return (yield from talk(machine, route, changed, about, **how))

    with patch.object(Machine, "talk", damaged):
        yield


Operation = Callable[[RigTerminal, str], object]

OPERATIONS: Final[dict[str, Operation]] = {
    "sale": lambda pos, entry: pos.sale("12.34", entry=entry, drop_reversal=True),
    "sale with PIN": lambda pos, entry: pos.sale("1.00", entry=entry, pin="123456", drop_reversal=True),
    "signed sale": lambda pos, entry: pos.sale("5.00", entry=entry, sign="A", drop_reversal=True),
    "void": lambda pos, _entry: pos.void(drop_reversal=True),
    "refund": lambda pos, _entry: pos.refund("1.00"),
    "reverse": lambda pos, _entry: pos.reverse(),
    "balance": lambda pos, entry: pos.balance(entry=entry),
    "pre-auth": lambda pos, entry: pos.pre_auth("50.00", entry=entry, drop_reversal=True),
    "complete": lambda pos, _entry: pos.complete("40.00", drop_reversal=True),
    "offline sale": lambda pos, _entry: pos.offline_sale("3.00"),
    "upload": lambda pos, _entry: pos.upload(),
    "settle": lambda pos, _entry: pos.settle(),
    "download": lambda pos, _entry: pos.download(),
    "echo": lambda pos, _entry: pos.echo(),
    "key change": lambda pos, _entry: pos.key_change(),
    "sign off": lambda pos, _entry: pos.sign_off(),
    "sign on": lambda pos, _entry: pos.sign_on(),
}


def operate(found: Witness, name: str, entry: str, damages: list[FieldDamage]) -> None:
    """Have the terminal do something, its first request damaged; what it will not do, it refuses in a sentence."""
    found.pending[:] = damages
    try:
        with damaging(found):
            OPERATIONS[name](found.terminal, entry)
    except (LookupError, ValueError) as exc:
        assert str(exc)
    found.pending.clear()


def drawn(random: Random) -> list[FieldDamage]:
    """Return a few changes."""
    return [
        FieldDamage(random.choice(WAYS), random.randrange(128), random.randbytes(random.randint(0, 24)))
        for _ in range(random.choice((1, 1, 2, 3)))
    ]
