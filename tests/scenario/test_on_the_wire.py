"""What each kind of fault puts on the wire, seen by a raw socket beside what the host sends without it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acquirer.dialect.compiled import CompiledDialect
from acquirer.scenario.registry import built_in_names
from acquirer.security.working import WorkingKeys
from acquirer.settings.specs import load_dialect
from acquirer.settings.terminals import demo_terminals
from acquirer.testing import RunningHost, running_host
from acquirer.wire.message import Message

DIALECT = load_dialect("unionpay-pos")
SUITE = CompiledDialect(DIALECT).suite
SIGN_ON = next(bytes.fromhex(s.hex) for s in DIALECT.samples if "sign-on request" in s.title)
ECHO = next(bytes.fromhex(s.hex) for s in DIALECT.samples if s.title == "echo test")
TID = str(DIALECT.get(DIALECT.decode(SIGN_ON[2:]), "tid"))
CLOCK = "2026-03-10T12:00:00"
SECONDS = 10.0


@contextmanager
def pair(fault: str) -> Iterator[tuple[Line, Line, RunningHost]]:
    """Two hosts that would send the same bytes, one of them with a fault; and a connection to each."""
    with (
        running_host(seed=1, clock=CLOCK) as right,
        running_host(seed=1, clock=CLOCK, fault=[fault]) as host,
        Line(right) as before,
        Line(host) as after,
    ):
        yield before, after, host


class Line:
    """A connection, and what was received over it."""

    def __init__(self, host: RunningHost) -> None:
        self.host = host
        self.sock = socket.socket()
        self.sock.settimeout(SECONDS)
        self.was_reset = False
        try:
            self.sock.connect((host.host, host.port))
        except ConnectionResetError:  # a host may be as quick as that
            self.was_reset = True

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.sock.close()

    def ask(self, *frames: bytes) -> None:
        self.sock.sendall(b"".join(frames))

    def read(self, count: int) -> bytes:
        data = b""
        while len(data) < count and (more := self.sock.recv(count - len(data))):
            data += more
        return data

    def reply(self) -> bytes:
        """One whole frame with its length."""
        prefix = self.read(2)
        return prefix + self.read(int.from_bytes(prefix, "big"))

    def rest(self) -> bytes:
        """Everything that comes until the host has nothing more to say."""
        self.sock.shutdown(socket.SHUT_WR)
        data = b""
        while more := self.sock.recv(65536):
            data += more
        return data


def exchanged(fault: str, request: bytes = ECHO) -> tuple[bytes, bytes]:
    """Return all bytes that a request is answered with, without the fault and with it."""
    with pair(fault) as (before, after, _):
        for line in (before, after):
            line.ask(request)
        return before.rest(), after.rest()


def messages(fault: str, request: bytes = ECHO) -> tuple[Message, Message]:
    before, after = exchanged(fault, request)
    return DIALECT.decode(before[2:]), DIALECT.decode(after[2:])


def changed(before: Message, after: Message) -> set[int]:
    return {de for de in {*before.fields, *after.fields} if before.fields.get(de) != after.fields.get(de)}


# what the reply says


@pytest.mark.parametrize(
    ("fault", "de", "value"),
    [
        ("wrong_stan:to=123456", 11, "123456"),
        ("wrong_rrn:to=000000000099", 37, "000000000099"),
        ("wrong_tid:to=99999999", 41, "99999999"),
        ("wrong_mid:to=999999999999999", 42, "999999999999999"),
        ("missing:de=39", 39, None),
        ("extra:de=48,value=0102", 48, "0102"),
    ],
)
def test_one_field_differs(fault: str, de: int, value: str | None) -> None:
    before, after = messages(fault, SIGN_ON)
    assert changed(before, after) == {de}
    assert after.fields.get(de) == value


@pytest.mark.parametrize("kind", ["wrong_stan", "wrong_rrn", "wrong_tid", "wrong_mid", "wrong_batch"])
def test_without_a_value_another_one_of_the_same_form_is_sent(kind: str) -> None:
    before, after = messages(kind, SIGN_ON)
    (de,) = changed(before, after)
    one, other = before.fields[de], after.fields[de]
    assert isinstance(one, str)
    assert isinstance(other, str)
    assert len(one) == len(other)
    assert one.isdecimal() == other.isdecimal()


def test_another_message_type() -> None:
    before, after = messages("wrong_mti")
    assert (after.mti, after.fields) == (before.mti[0] + "2" + before.mti[2:], before.fields)


# the keys of a sign-on


def accept(message: Message) -> WorkingKeys:
    tmk = next(one.tmk for one in demo_terminals() if one.tid == TID)
    assert tmk is not None
    wire = message.fields[62]
    return SUITE.accept("003", tmk, wire if isinstance(wire, bytes) else wire.encode("latin-1"))


def test_stale_keys_are_whole_and_are_others() -> None:
    before, after = messages("stale_keys", SIGN_ON)
    assert changed(before, after) == {62}
    assert accept(before) != accept(after)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("wrong_kcv", "MAK KCV differs"),
        ("wrong_kcv:key=pik", "PIK KCV differs"),
        ("wrong_key_length", "got 39"),
        ("wrong_key_length:by=8", "got 48"),
        ("half_keys", "got 20"),
    ],
)
def test_damaged_keys_are_refused(fault: str, sentence: str) -> None:
    before, after = messages(fault, SIGN_ON)
    assert changed(before, after) == {62}
    with pytest.raises(ValueError, match=sentence):
        accept(after)


def test_the_keys_before_are_handed_out_once_there_are_such() -> None:
    with running_host(seed=1, fault=["stale_keys:which=previous"]) as host, Line(host) as line:
        replies = []
        for _ in range(3):
            line.ask(SIGN_ON)
            replies.append(accept(DIALECT.decode(line.reply()[2:])))
        assert replies[0] == replies[1]
        assert replies[2] != replies[1]
        assert [entry.fault for entry in host.journal.list()] == ["", "stale_keys", "stale_keys"]


# bytes


def test_truncated() -> None:
    before, after = exchanged("truncate:bytes=7")
    assert after == b"\x00\x07" + before[2:9]
    before, after = exchanged("truncate:share=0.25")
    assert after[2:] == before[2 : 2 + (len(before) - 2) // 4]


@pytest.mark.parametrize("by", [10, -10])
def test_another_length(by: int) -> None:
    before, after = exchanged(f"wrong_length:by={by}")
    assert after == (len(before) - 2 + by).to_bytes(2, "big") + before[2:]


@pytest.mark.parametrize(("bits", "where"), [(1, "anywhere"), (5, "anywhere"), (2, "bitmap"), (1, "de.39"), (3, "mti")])
def test_bits_flipped(bits: int, where: str) -> None:
    before, after = exchanged(f"bit_flip:bits={bits},where={where}")
    differences = [(at, one ^ other) for at, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    assert sum(difference.bit_count() for _, difference in differences) == bits
    spans = DIALECT.spans(DIALECT.decode(before[2:]))
    start, stop = (0, len(before)) if where == "anywhere" else spans[int(where[3:]) if "de" in where else where]
    assert all(start <= at - 2 < stop for at, _ in differences)


def test_the_same_bit_for_the_same_seed_and_another_one_for_the_next_exchange() -> None:
    assert exchanged("bit_flip") == exchanged("bit_flip")
    before, after = exchanged("bit_flip", ECHO + ECHO)
    half = len(before) // 2
    places = [[at for at in range(half) if before[start + at] != after[start + at]] for start in (0, half)]
    assert places[0] != places[1]


def test_garbage_and_bytes_before_the_length() -> None:
    before, after = exchanged("garbage:bytes=12")
    assert (after[:2], len(after)) == (b"\x00\x0c", 14)
    assert after[2:] not in before
    before, after = exchanged("prepend:hex=FFFE")
    assert after == b"\xff\xfe" + before


# when, how often, where


@pytest.mark.parametrize("fault", ["silent", "lost_request"])
def test_nothing_is_sent(fault: str) -> None:
    assert exchanged(fault)[1] == b""


LATER = (
    *("late:after=80ms", "delay:fixed=80ms", "delay:uniform=80ms..90ms", "delay:median=80ms,p99=80ms"),
    *("split:gap=80ms", "dribble:bytes=20,gap=80ms", "glue:wait=80ms", "reorder:wait=80ms"),
)


@pytest.mark.parametrize("fault", LATER)
def test_the_same_bytes_later(fault: str) -> None:
    with pair(fault) as (before, after, _):
        before.ask(ECHO)
        began_s = time.monotonic()
        after.ask(ECHO)
        reply = after.reply()
        assert time.monotonic() - began_s >= 0.079
        assert reply == before.reply()


def test_sent_more_than_once() -> None:
    before, after = exchanged("duplicate:copies=3,gap=1ms")
    assert after == 3 * before


def two_replies(fault: str) -> tuple[bytes, bytes, bytes]:
    """Return what an echo and a sign-on are answered with, and both with a fault of the first."""
    with pair(f"{fault}:wait=10s,service=echo") as (before, after, _):
        for line in (before, after):
            line.ask(ECHO, SIGN_ON)
        first, second = before.reply(), before.reply()
        return first, second, after.read(len(first) + len(second))


def test_sent_behind_the_next_and_together_with_it() -> None:
    first, second, received = two_replies("reorder")
    assert received == second + first
    first, second, received = two_replies("glue")
    assert received == first + second


def test_sent_on_another_connection() -> None:
    with pair("other_connection") as (before, after, host), Line(host) as other:
        for line in (before, after):
            line.ask(ECHO)
        reply = before.reply()
        assert other.reply() == reply
        assert after.rest() == b""
        assert host.journal.wait(delivery="elsewhere").service == "echo"


def test_without_another_connection_the_reply_is_lost() -> None:
    with pair("other_connection") as (_, after, host):
        after.ask(ECHO)
        assert after.rest() == b""
        assert host.journal.wait(delivery="undelivered").service == "echo"


def test_a_restart_resets_all_connections_and_those_that_come_soon_after() -> None:
    with pair("host_restart:down=60s") as (_, after, host), Line(host) as bystander:
        after.ask(SIGN_ON)
        for line in (after, bystander):
            assert is_reset(line)
        with Line(host) as newcomer:
            assert is_reset(newcomer)


def is_reset(line: Line) -> bool:
    if line.was_reset:
        return True
    try:
        line.sock.recv(1)
    except ConnectionResetError:
        return True
    return False


# the MAC


@pytest.fixture
def signed_on() -> Callable[[str], tuple[bytes, bytes, WorkingKeys]]:
    """Return the reply to a sale without a fault, that with it, and the keys of the terminal."""

    def sell(fault: str) -> tuple[bytes, bytes, WorkingKeys]:
        with pair(f"{fault},service=sale") as lines:
            for line in lines[:2]:
                line.ask(SIGN_ON)
            replies = [DIALECT.decode(line.reply()[2:]) for line in lines[:2]]
            keys = accept(replies[0])
            assert keys == accept(replies[1])
            request = _sale(keys, str(DIALECT.get(replies[0], "batch")))
            for line in lines[:2]:
                line.ask(DIALECT.framing.wrap(request))
            return lines[0].reply(), lines[1].reply(), keys

    return sell


def _sale(keys: WorkingKeys, batch: str) -> bytes:
    fields = {"tid": TID, "mid": MID, "pan": "6212345678901232", "processing_code": "000000", "amount": "000000001234"}
    fields |= {"stan": "000009", "expiry": "3012", "entry_mode": "012", "condition": "00", "currency": "156"}
    fields |= {"transaction_type": "22", "batch": batch, "function": "000"}
    values: dict[int, str | bytes] = {}
    for element, value in fields.items():
        DIALECT.put(values, element, value)
    return SUITE.seal(keys, DIALECT.encode("0200", values | {64: bytes(8)}))


MID = str(DIALECT.get(DIALECT.decode(SIGN_ON[2:]), "mid"))


@pytest.mark.parametrize("how", ["flip", "zero", "other_key", "absent"])
def test_another_mac(how: str, signed_on: Callable[[str], tuple[bytes, bytes, WorkingKeys]]) -> None:
    before, after, keys = signed_on(f"wrong_mac:how={how}")
    right, damaged = DIALECT.decode(before[2:]), DIALECT.decode(after[2:])
    assert SUITE.verify_reply(keys, right)
    assert not SUITE.verify_reply(keys, damaged)
    assert changed(right, damaged) == {64}
    assert (64 in damaged.fields) == (how != "absent")


@pytest.mark.parametrize(
    ("fault", "amount"), [("wrong_amount:to=99.99", "000000009999"), ("wrong_amount:name=x", "000000001235")]
)
def test_what_is_changed_before_sealing_has_a_right_mac(
    fault: str, amount: str, signed_on: Callable[[str], tuple[bytes, bytes, WorkingKeys]]
) -> None:
    before, after, keys = signed_on(fault)
    right, damaged = DIALECT.decode(before[2:]), DIALECT.decode(after[2:])
    assert SUITE.verify_reply(keys, damaged)
    assert changed(right, damaged) == {4, 64}
    assert damaged.fields[4] == amount


# connections


@contextmanager
def faulty(fault: str) -> Iterator[Line]:
    with running_host(fault=[fault]) as host, Line(host) as line:
        yield line


@pytest.mark.parametrize("fault", ["refuse", "reset:after=30ms"])
def test_a_connection_that_is_reset(fault: str) -> None:
    with faulty(fault) as line:
        assert is_reset(line)


def test_a_silent_connection_decides_nothing() -> None:
    with faulty("accept_silent") as line:
        line.ask(ECHO)
        line.sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            line.sock.recv(1)
        assert line.host.journal.list() == []


def test_a_half_closed_connection_is_read_but_not_written_to() -> None:
    with faulty("half_close") as line:
        assert line.read(1) == b""
        line.ask(ECHO)
        assert line.host.journal.wait(service="echo").reply


def test_a_slow_close() -> None:
    with faulty("slow_close:after=100ms") as line:
        line.ask(ECHO)
        line.reply()
        began_s = time.monotonic()
        line.sock.shutdown(socket.SHUT_WR)
        assert line.read(1) == b""
        assert time.monotonic() - began_s >= 0.099


def test_so_many_bytes_a_second_also_when_the_peer_has_finished() -> None:
    with pair("bandwidth:bytes_per_s=500") as (before, after, _):
        began_s = time.monotonic()
        for line in (before, after):
            line.ask(ECHO, ECHO)
        received = after.rest()
        assert received == before.rest()
        assert time.monotonic() - began_s >= (len(received) - 25) / 500 - 0.001


def test_packets_that_are_lost_come_later_and_in_order() -> None:
    with pair("loss:rate=1,stall=10ms") as (before, after, _):
        began_s = time.monotonic()
        for line in (before, after):
            line.ask(ECHO, SIGN_ON)
        assert after.rest() == before.rest()
        assert time.monotonic() - began_s >= 0.3  # two packets, each lost four times: 10 + 20 + 40 + 80 ms


def test_conditions_of_connections() -> None:
    with running_host(fault=["refuse:count=1,peer=127.0.0.1:*", "refuse:listener=*:1,name=elsewhere"]) as host:
        with Line(host) as line:
            assert is_reset(line)
        with Line(host) as line:
            line.ask(ECHO)
            assert line.reply()
        assert host.faults.acted() == {"refuse": 1, "elsewhere": 0}


def test_every_kind_is_seen_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in built_in_names() if f'"{kind}' not in text] == []
