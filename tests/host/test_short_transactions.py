"""Usual transactions take the short way, and it equals the general one: replies, facts, sessions, rows of the books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.host import short_way
from acquirer.journal.shapes import USUAL_AFTER
from acquirer.load.terminals import SALE_ELEMENTS
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.testing.enrolment import TMK
from acquirer.wire import codec
from acquirer.wire.message import Message, Value
from tests.host.short_rigs import TIDS, WARM, GeneralRig, ShortRig, both, frame_of, pair

DIALECTS = ("unionpay-pos", "unionpay-pos-sm4")
STANDARD, COUNTED, EXPIRED, FOREIGN = "6212345678901232", "6200000000000005", "6216261000000000018", "4111111111111111"
PANS = (*[STANDARD] * 6, COUNTED, EXPIRED, FOREIGN, "6212345678900000003", "6221260012345674")
UNKNOWN = ("6228480402564890018", "6212345678901233", "0212345678901232", "5555555555554444")
BASE: dict[str, str] = {
    "amount": f"{100:012}",
    "pan": STANDARD,
    **SALE_ELEMENTS,
    "batch": "000001",
}
KINDS: dict[str, dict[str, str]] = {
    "0200": {},
    "0201": {},
    "0100": {"processing_code": "030000", "transaction_type": "10"},
}
USUAL: tuple[dict[str, str], ...] = (
    {},
    {"expiry": "", "entry_mode": "011", "pin": "123456"},
    {"pan": "", "expiry": "", "entry_mode": "022", "track2": f"{STANDARD}D30121200000"},
)
CONTROL = "2600000000000000"


@dataclass
class Shop:
    """Terminals that sign on at both hosts, and sell there."""

    general: GeneralRig
    short: ShortRig
    sign_on_message: Message
    keys: dict[str, WorkingKeys] = field(default_factory=dict)

    def sign_on(self, tid: str, stan: str = "900000") -> None:
        frame = frame_of(self.general, self.sign_on_message, tid=tid, stan=stan, batch="000001")
        both(self.general, self.short, frame)
        dialect = self.general.dialect
        reply = next(iter(reversed(self.general.journal))).reply
        assert reply is not None
        if isinstance(package := dialect.get_from(reply, "keys"), bytes):
            master = Secret.from_hex(TMK)
            selector = dialect.text(self.sign_on_message, "function")
            self.keys[tid] = self.general.host.suite.accept(selector, master, package)

    def frame(self, tid: str, stan: str, mti: str = "0200", *, pin: str = "", mac: str = "", **elements: str) -> bytes:
        """Return the frame of a transaction; elements that are "" are left out.

        Args:
            mac: "wrong" or "".
        """
        rig, suite = self.general, self.general.host.suite
        fields: dict[int, Value] = {}
        for name, value in {**BASE, "tid": tid, "stan": stan, "mid": rig.terminals[tid].mid, **elements}.items():
            if value:
                rig.dialect.put(fields, name, value)
        keys = self.keys[tid]
        if pin:
            rig.dialect.put(fields, "security_control", CONTROL)
            block = suite.seal_pin(keys, pin, elements.get("pan") or STANDARD, CONTROL, bytes)
            rig.dialect.put(fields, "pin_block", block)
        rig.dialect.put(fields, "mac", bytes(rig.dialect.security.mac_bytes))
        frame = suite.seal(keys, rig.dialect.encode(mti, dict(sorted(fields.items()))))
        return frame[:-1] + bytes((frame[-1] ^ 1,)) if mac else frame

    def sell(self, tid: str, stan: int, **elements: str) -> None:
        both(self.general, self.short, self.frame(tid, f"{stan:06}", **elements))

    @property
    def taken(self) -> int:
        return self.short.taken


def signed_on(dialect: str) -> Shop:
    """Return terminals that have signed on."""
    sold = Shop(*pair(dialect))
    for tid in TIDS:
        sold.sign_on(tid)
    return sold


def shop(dialect: str) -> Shop:
    """Return terminals that have signed on, and sold so much that what is usual takes the short way."""
    sold = signed_on(dialect)
    for stan in range(1, 3 * (WARM + USUAL_AFTER) + 1):
        sold.sell(TIDS[stan % 2], stan, **USUAL[stan % 3])
    return sold


@pytest.mark.parametrize("dialect", DIALECTS)
def test_usual_sales_take_it(dialect: str) -> None:
    sold = shop(dialect)
    before = sold.taken
    for stan, elements in enumerate(
        (
            {},
            {"amount": f"{5:012}"},
            {"pan": FOREIGN},
            *USUAL,
        )
    ):
        sold.sell(TIDS[0], 5000 + stan, **elements)
        assert sold.taken == before + stan + 1, elements
    assert all(row is not None for row in sold.short.rows[-2:])


@pytest.mark.parametrize(
    "elements",
    [
        {"amount": f"{0:012}"},
        {"batch": "000002"},
        {"currency": "840"},
        {"entry_mode": "000"},
        {"expiry": "2012"},
        {"expiry": "3013"},
        {"expiry": "", "entry_mode": "011", "pin": "654321"},
        {"mac": "wrong"},
        {"pan": COUNTED},
        {"pan": EXPIRED},
        {"pan": UNKNOWN[1]},
        {"pan": UNKNOWN[2]},
    ],
)
def test_unusual_ones_do_not(elements: dict[str, str]) -> None:
    sold = shop("unionpay-pos")
    before = sold.taken
    sold.sell(TIDS[0], 5000, **elements)
    assert sold.taken == before


def test_a_repeat_does_not() -> None:
    sold = shop("unionpay-pos")
    sold.sell(TIDS[0], 5000)
    before = sold.taken
    sold.sell(TIDS[0], 5000)
    sold.sell(TIDS[0], 4999)
    assert sold.taken == before


def test_one_that_proves_the_keys_does_too() -> None:
    """The first after a sign-on, and the first after a wrong MAC."""
    sold = shop("unionpay-pos")
    sold.sign_on(TIDS[0], "900001")
    before = sold.taken
    for stan, mac in enumerate(["", "", "wrong", "", ""]):
        sold.sell(TIDS[0], 5000 + stan, mac=mac)
    assert sold.taken == before + 4


@pytest.mark.parametrize("changed", [{"unused": True}, {"sign_on_spent": False}, {}])
def test_a_session_of_which_more_changes_than_its_stan_is_copied(changed: dict[str, Any]) -> None:
    sold = shop("unionpay-pos")
    for rig in (sold.general, sold.short):
        rig.store.sessions[TIDS[0]] = replace(rig.store.sessions[TIDS[0]], **changed)
    before, session = sold.taken, sold.short.store.sessions[TIDS[0]]
    sold.sell(TIDS[0], 5000)
    sold.sell(TIDS[0], 5001)
    assert sold.taken == before + 2
    assert (session.unused, session.sign_on_spent) == (changed.get("unused", False), changed.get("sign_on_spent", True))


def test_none_does_where_amounts_choose_the_answer() -> None:
    sold = shop("unionpay-pos")
    assert sold.taken
    choosing = Shop(*pair("unionpay-pos", trigger_amounts=True))
    choosing.sign_on(TIDS[0])
    for stan in range(2 * WARM):
        choosing.sell(TIDS[0], stan + 1)
    assert choosing.taken == 0


elements = st.fixed_dictionaries(
    {},
    optional={
        "pan": st.sampled_from([*PANS, *UNKNOWN, ""]),
        "amount": st.sampled_from([f"{minor:012}" for minor in (0, 1, 100, 150_00, 10_000_000_00)]),
        "expiry": st.sampled_from(["", "2012", "3012", "3012", "3013"]),
        "entry_mode": st.sampled_from(["012"] * 6 + ["011", "021", "022", "052", "000"]),
        "currency": st.sampled_from(["156"] * 5 + ["840"]),
        "batch": st.sampled_from(["000001"] * 5 + ["000002"]),
        "track2": st.sampled_from([f"{STANDARD}D30121200000", f"{STANDARD}D20121200000", f"{FOREIGN}D3012", "12D"]),
        "pin": st.sampled_from(["123456", "654321"]),
        "mac": st.sampled_from([""] * 5 + ["wrong"]),
        "organisation": st.just("000"),
        "rrn": st.just("000000000001"),
    },
)
steps = st.tuples(
    st.sampled_from(["sale"] * 12 + ["sign_on", "sign_off", "later", "day", "back"]),
    st.sampled_from(["0200"] * 4 + ["0201", "0100"]),
    st.sampled_from(TIDS),
    st.sampled_from([1, 1, 1, 2, 0, -1, -700]),
    elements,
)


@pytest.fixture(scope="module")
def soon() -> Iterator[None]:
    """What comes a second time takes the short way, if there is one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "COMPILE_AFTER", 1)
        patch.setattr(short_way, "SHORT_AFTER", 1)
        patch.setattr(short_way, "USUAL_AFTER", 1)
        yield


@pytest.mark.usefixtures("soon")
@given(dialect=st.sampled_from(DIALECTS), days=st.lists(steps, min_size=1, max_size=10))
def test_it_equals_the_general_way(dialect: str, days: list[tuple[str, str, str, int, dict[str, str]]]) -> None:
    sold = signed_on(dialect)
    stan = 5000
    for what, mti, tid, step, changed in days:
        if what in ("later", "day", "back"):
            for rig in (sold.general, sold.short):
                rig.now_us += {"later": 5, "day": 86_400, "back": -86_400}[what] * 1_000_000
        elif what == "sign_on":
            sold.sign_on(tid, f"{900_000 + stan}")
        elif what == "sign_off":
            message = Message(b"", "0820", sold.sign_on_message.fields)
            both(sold.general, sold.short, frame_of(sold.general, message, tid=tid, function="002"))
        else:
            for _ in range(4):
                stan = max(stan + step, 1)
                both(sold.general, sold.short, sold.frame(tid, f"{stan:06}", mti, **{**KINDS[mti], **changed}))
