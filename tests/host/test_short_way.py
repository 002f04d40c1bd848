"""The short way equals the general one: replies, facts for the journal, sessions; what is unusual it leaves alone."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.dialect.dialect import Dialect
from acquirer.host.short_way import NOT_SHORT, SHORT_AFTER, ShortWay
from acquirer.journal.packed import PackedExchange
from acquirer.journal.render import Facts, collect, pack_thoroughly
from acquirer.journal.shapes import AGAIN_AFTER, RECORD_NAMES, USUAL_AFTER, ExchangeShape
from acquirer.model.effects import Send
from acquirer.model.rows import Session, TerminalConfig
from acquirer.testing.rig import PEER, Rig
from acquirer.wire.codec import COMPILE_AFTER
from acquirer.wire.message import Message

DIALECTS = ("unionpay-pos", "unionpay-pos-sm4", "iso8583-1987-ascii", "iso8583-1987-binary", "iso8583-1993-bcd")
GENERAL = ("iso8583-1993-bcd",)
"""Dialects whose sign-ons bring date and time, which may be none."""

TIDS = ("90000001", "90000002", "90000003")
WARM = COMPILE_AFTER + SHORT_AFTER


Taken = tuple[bytes, Session | None, Facts | None, PackedExchange | None, str, str]


def take(way: ShortWay, frame: bytes, at_us: int) -> Taken | None:
    """Take a frame the short way to its end; return what was decided, None where there is no such way."""
    decided: list[Taken] = []
    try:
        steps = way.begin(frame, PEER, at_us, 0.0, lambda *taken: decided.append(taken))
        if steps is None:
            return None
        tid, *pauses = steps
    except NOT_SHORT:
        assert not decided
        return None
    assert tid
    assert set(pauses) == {None}
    [taken] = decided
    return taken


class Numbers:
    """Reference numbers, the next of which may be looked at."""

    def __init__(self) -> None:
        self.next = 1

    def __iter__(self) -> Numbers:
        return self

    def __next__(self) -> int:
        self.next += 1
        return self.next - 1


class GeneralRig(Rig):
    """A rig that keeps the facts of exchanges."""

    def __init__(self, dialect: str, faults: tuple[str, ...] = ()) -> None:
        super().__init__(dialect, faults=faults)
        self.numbers = Numbers()
        self.store.numbers = self.numbers
        self.facts: list[Facts] = []

    def answer(self, frame: bytes) -> bytes | None:
        """Return the reply of the general way."""
        reply = next((effect.frame for effect in self.send(frame).effects if isinstance(effect, Send)), None)
        self.facts.append(collect(self.journal[-1]))
        return reply


class ShortRig(GeneralRig):
    """The same, whose host is asked for its short way first."""

    def __init__(self, dialect: str) -> None:
        super().__init__(dialect)
        self.short = ShortWay(self.host, self.load_kept, lambda: 0.0)
        self.taken = 0
        self.rows: list[PackedExchange | None] = []  # of those that took it
        self.named: list[tuple[str, str]] = []

    def load_kept(self, tid: str) -> tuple[TerminalConfig, Session, str] | None:
        terminal, session = self.store.terminals.get(tid), self.store.sessions.get(tid)
        return None if terminal is None or session is None else (terminal, session, f"{self.numbers.next:012}")

    def answer(self, frame: bytes) -> bytes | None:
        taken = take(self.short, frame, self.now_us)
        if taken is None:
            return super().answer(frame)
        reply, session, facts, row, tid, stan = taken
        assert (facts is None) == (row is not None)
        next(self.numbers)
        self.taken += 1
        self.facts.append(facts or ())
        self.rows.append(row)
        self.named.append((tid, stan))
        if session is not None:
            session.version += 1
            self.store.sessions[tid] = session
        return reply


def sign_on_of(dialect: Dialect) -> Message:
    for sample in dialect.samples:
        message = dialect.decode(bytes.fromhex(sample.hex)[dialect.framing.before_bytes :])
        route = dialect.route(message)
        if route is not None and route.service == "sign_on":
            return message
    raise LookupError(dialect.name)


def pair(dialect: str) -> tuple[GeneralRig, ShortRig, Message]:
    """Return a host of each way, to which the same terminals are known, and a sign-on."""
    general, short = GeneralRig(dialect), ShortRig(dialect)
    for rig in (general, short):
        rig.register(TIDS[0])
        rig.register(TIDS[1])
        rig.register(TIDS[2], **({"policy": {"required": "per-batch"}} if rig.host.has_batch else {}))
    message = sign_on_of(general.dialect)
    fields = dict(message.fields)
    general.dialect.put(fields, "mid", general.terminals[TIDS[0]].mid)
    return general, short, Message(message.raw, message.mti, fields)


def frame_of(rig: Rig, message: Message, **elements: str) -> bytes:
    fields = dict(message.fields)
    for element, value in elements.items():
        if element in rig.dialect.elements:
            rig.dialect.put(fields, element, value)
    return rig.dialect.encode(message.mti, fields)


def pack_thoroughly_of(rig: GeneralRig) -> PackedExchange:
    """Return the row of the last exchange; each of its values is looked at."""
    facts = rig.facts[-1]
    mti, reply_mti = (facts[RECORD_NAMES.index(name)] for name in ("mti", "reply_mti"))
    *_, request, _, reply = facts
    shape = ExchangeShape((rig.dialect, mti, tuple(request), reply_mti, tuple(reply)))
    return pack_thoroughly(facts, rig.dialect, shape)


def both(general: GeneralRig, short: ShortRig, frame: bytes) -> None:
    assert short.answer(frame) == general.answer(frame)
    if facts := short.facts[-1]:
        assert facts == general.facts[-1]
    else:
        row, named = pack_thoroughly_of(general), short.named[-1]
        assert short.rows[-1] == row
        assert named == (general.journal[-1].tid, general.journal[-1].stan)
    assert short.sessions == general.sessions


@pytest.mark.parametrize("dialect", DIALECTS)
def test_ordinary_sign_ons_take_it(dialect: str) -> None:
    general, short, message = pair(dialect)
    for number in range(WARM + 5):
        both(general, short, frame_of(general, message, tid=TIDS[number % 2], stan=f"{number + 1:06}"))
    assert bool(short.taken) is (dialect not in GENERAL)


operators = st.sampled_from(["01 ", "1  ", "   ", "\xd2\xf8 ", "A\x00B", "123"])
steps = st.tuples(
    st.sampled_from(["sign_on"] * 5 + ["sign_off", "later", "day", "back"]),
    st.sampled_from([*TIDS, "99999999"]),
    st.integers(0, 3).map(lambda number: f"{number:06}"),
    st.sampled_from(["001", "003", "004", "005", "999", "002"]),
    operators,
    st.sampled_from(["000001", "000007"]),
    st.booleans(),
)


@given(dialect=st.sampled_from(DIALECTS), days=st.lists(steps, max_size=12))
def test_it_equals_the_general_way(dialect: str, days: list[tuple[str, str, str, str, str, str, bool]]) -> None:
    general, short, message = pair(dialect)
    for number in range(WARM + USUAL_AFTER):
        both(general, short, frame_of(general, message, tid=TIDS[number % 3], stan=f"{number + 1:06}"))
    for what, tid, stan, function, operator, batch, other_mid in days:
        if what in ("later", "day", "back"):
            for rig in (general, short):
                rig.now_us += {"later": 5, "day": 86_400, "back": -86_400}[what] * 1_000_000
            continue
        elements = {"tid": tid, "stan": stan, "batch": batch}
        if "function" in general.dialect.elements and not dialect.startswith("iso"):
            elements["function"] = "002" if what == "sign_off" else function
        if other_mid:
            elements["mid"] = "123456789012345"
        if "operator" in general.dialect.elements:
            elements["operator"] = operator
        mti = {"sign_off": "0820"}.get(what, message.mti) if dialect.startswith("unionpay") else message.mti
        both(general, short, frame_of(general, Message(message.raw, mti, message.fields), **elements))


def test_echoes_take_it_too() -> None:
    general, short, message = pair("unionpay-pos")
    elements = {"tid": TIDS[0], "function": "301"}
    for _ in range(WARM + 3):
        both(general, short, frame_of(general, Message(message.raw, "0820", message.fields), **elements))
    assert short.taken == 0  # its session is not in memory: no one has signed on
    both(general, short, frame_of(general, message, tid=TIDS[0]))
    both(general, short, frame_of(general, Message(message.raw, "0820", message.fields), **elements))
    assert short.taken == 1


def test_usual_ones_have_their_rows_of_the_journal_at_once() -> None:
    general, short, message = pair("unionpay-pos")
    for number in range(WARM + USUAL_AFTER + 3):
        both(general, short, frame_of(general, message, tid=TIDS[0], stan=f"{number + 1:06}"))
    assert [row is not None for row in short.rows[-3:]] == [True] * 3
    assert short.rows[0] is None


def test_a_form_that_the_first_ones_did_not_have_is_learnt_later() -> None:
    general, short, message = pair("unionpay-pos")
    for number in range(WARM + USUAL_AFTER + 3):
        both(general, short, frame_of(general, message, tid=TIDS[0], stan=f"{number + 1:06}", operator="   "))
    frame = frame_of(general, message, tid=TIDS[0], operator="01 ")
    for _ in range(AGAIN_AFTER + 1):
        both(general, short, frame)
    has_row = [row is not None for row in short.rows]
    assert (has_row[-AGAIN_AFTER - 2], has_row[-AGAIN_AFTER], has_row[-1]) == (True, False, True)


def test_a_terminal_that_a_rule_is_about_goes_the_general_way() -> None:
    _, short, message = pair("unionpay-pos")
    ruled = Rig("unionpay-pos", rules=[{"name": "closed", "when": {"tid": TIDS[0]}, "then": {"code": "96"}}])
    way = ShortWay(ruled.host, short.load_kept, lambda: 0.0)
    numbers = count(1)

    def takes(tid: str) -> bool:
        frame = frame_of(short, message, tid=tid, stan=f"{next(numbers):06}")
        short.dialect.decode(frame)
        return take(way, frame, short.now_us) is not None

    for tid in TIDS:
        short.answer(frame_of(short, message, tid=tid))
    for _ in range(2 * WARM):
        ruled.dialect.decode(frame_of(short, message, tid=TIDS[1]))
        takes(TIDS[1])
    assert takes(TIDS[1])
    assert not takes(TIDS[0])


def test_with_a_fault_in_force_all_go_the_general_way() -> None:
    _, short, message = pair("unionpay-pos")
    for number in range(WARM + 1):
        short.answer(frame_of(short, message, tid=TIDS[0], stan=f"{number + 1:06}"))
    before = short.taken
    assert before
    damaged = Rig("unionpay-pos", faults=["silent"])
    short.host.faults = damaged.host.faults
    assert short.answer(frame_of(short, message, tid=TIDS[0])) is None
    assert short.taken == before


def test_random_bitmaps_fill_no_memory() -> None:
    _, short, message = pair("unionpay-pos")
    way = short.short
    for number in range(600):
        way._count(Message(b"", message.mti, {2: "", 11: f"{number}", 64 + number: ""}))
    assert len(way._seen) <= 256
