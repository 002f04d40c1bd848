"""Mistakes under DUKPT: keys of each message, from a base derivation key and a key serial number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.mistakes import crypto
from tests.mistakes.iso import BDK, DukptPos, IsoDraft
from tests.mistakes.pos import CARD, PIN, Make, Pos
from tests.mistakes.row import Mistake, nothing, of, rows_of

DUKPT = "iso8583-1987-dukpt"


def derived(make: Callable[[DukptPos], IsoDraft]) -> Make:
    """Return what makes the bytes of a terminal whose keys are those of each message."""

    def frame(pos: Pos) -> bytes:
        assert isinstance(pos, DukptPos)
        return make(pos).frame

    return frame


def under(key: Callable[[crypto.DerivedKeys, DukptPos], bytes]) -> Make:
    """Return a maker of sales whose MAC is made under another key of the KSN."""
    return derived(lambda pos: pos.dukpt_sale(lambda one: key(one.derived(), one)))


def pin_under(key: Callable[[crypto.DerivedKeys, DukptPos], bytes]) -> Make:
    """Return a maker of sales whose PIN is encrypted under another key of the KSN."""

    def make(pos: DukptPos) -> IsoDraft:
        pos.counter = 4
        draft = pos.dukpt_sale(de22="011")
        return draft.put(de52=pos.block(key(pos.derived(), pos)))

    return derived(make)


_dukpt = rows_of(
    "keys and MAC", "dukpt",
    before=nothing, right=derived(lambda pos: pos.dukpt_sale()), codes=("63",), listener=DUKPT,
    terminal={"bdk": BDK.hex().upper(), "tmk": ""},
)  # fmt: skip
_pin = rows_of(
    "PIN and track", "dukpt",
    before=nothing, right=pin_under(lambda keys, _: keys.pik), codes=("63",), listener=DUKPT,
    terminal={"bdk": BDK.hex().upper(), "tmk": ""},
)  # fmt: skip


def _counter(start: int) -> Make:
    def make(pos: DukptPos) -> IsoDraft:
        pos.counter = start - 1
        return pos.dukpt_sale()

    return derived(make)


def _of_counter(away: int) -> Make:
    def make(pos: DukptPos) -> IsoDraft:
        pos.counter = 4
        return pos.dukpt_sale(lambda one: one.derived(one.counter + away).mak)

    return derived(make)


def _after_another(first: int, second: int) -> Make:
    """Return what sends a sale under one counter, and makes another under a second."""

    def make(pos: DukptPos) -> IsoDraft:
        pos.counter = first - 1
        pos.send(pos.dukpt_sale().frame)
        pos.counter = second - 1
        return pos.dukpt_sale()

    return derived(make)


def _of_two_devices(pos: Pos) -> bytes:
    assert isinstance(pos, DukptPos)
    pos.send(pos.dukpt_sale().frame)
    other = replace(pos, tid=f"{int(pos.tid) + 12345:08}")
    ksn, used = other.ksn(2), other.derived(2)
    return replace(pos.dukpt_sale(de53=ksn), mac=lambda one: pos.written(crypto.x9_19(used.mak, one.covered))).frame


ROWS: tuple[Mistake, ...] = (
    _dukpt(
        "ksn-left-out", "sends no key serial number", derived(lambda pos: pos.dukpt_sale().drop(53)),
        of(53, "missing"), remedy="DE 53", fix="send the KSN in DE 53", codes=("30",),
    ),
    _dukpt(
        "ksn-short", "sends seven bytes of the key serial number",
        derived(lambda pos: pos.dukpt_sale().raw(53, b"\x07" + pos.ksn()[3:])),
        r"KSN[^;]*10 bytes[^;]*7", remedy="10|whole", fix="send all ten bytes", codes=("30",),
    ),
    _dukpt(
        "ksn-text", "sends the key serial number as text",
        derived(lambda pos: pos.dukpt_sale().raw(53, b"\x20" + pos.ksn().hex().upper().encode())),
        of(53, "hexadecimal characters"), remedy="bytes", fix="send ten bytes", codes=("30",),
    ),
    _dukpt(
        "counter-zero", "counts from zero", _counter(0), r"counter 0", remedy="1", fix="count from 1", codes=("30",),
    ),
    _dukpt(
        "counter-of-many-bits", "does not skip counters with more than ten bits set", _counter(0xFFF),
        r"counter with 12 bits", r"\b10\b", remedy="skip|counter", fix="skip such counters", codes=("30",),
    ),
    _dukpt(
        "ksn-cut-off", "sends the first eight bytes of the key serial number",
        derived(lambda pos: pos.dukpt_sale().raw(53, b"\x08" + pos.ksn()[:8])),
        r"8 of 10 bytes", remedy="its end", fix="send all ten bytes", codes=("30",),
    ),
    _dukpt(
        "ksn-zeros", "sends a key serial number of zeros",
        derived(lambda pos: pos.dukpt_sale().raw(53, b"\x10" + bytes(10))), r"KSN of bytes 00", remedy="injected",
        fix="send the KSN that was injected, counted on", codes=("30",),
    ),
    _dukpt(
        "ksn-reversed", "sends the bytes of the key serial number from the last to the first",
        derived(lambda pos: pos.dukpt_sale().raw(53, b"\x10" + pos.ksn()[::-1])),
        r"KSN[^;]*ends with FFFF", remedy="reverse", fix="send them in their order", codes=("30",),
    ),
    _dukpt(
        "ksn-used-again", "makes two messages under one key serial number", _after_another(5, 5),
        r"counter 5 has made another message", remedy="each message|next counter",
        fix="count on for each message that gets a MAC", codes=("00",), capture=False,
    ),
    _dukpt(
        "ksn-went-back", "loses its counter and begins again with an older one", _after_another(9, 3),
        r"counter 3 comes after 9", remedy="power cuts|set it back", fix="keep the counter where a power cut leaves it",
        codes=("00",), capture=False,
    ),
    _dukpt(
        "ksn-of-another-device", "changes to another device's keys under the same terminal number", _of_two_devices,
        r"KSNs of this terminal began with", r"injected anew|two devices", remedy="number of its own",
        fix="give each device a terminal number of its own", codes=("00",), capture=False,
    ),
    _dukpt(
        "bdk-itself", "makes the MAC under the base derivation key", derived(lambda pos: pos.dukpt_sale(lambda _: BDK)),
        r"the BDK \(", r"base derivation key", remedy="MAK[^;]*KSN", never=("sign-on",),
        fix="derive a key for each transaction from the initial key",
    ),
    _dukpt(
        "other-bdk", "was injected with keys of another BDK",
        derived(lambda pos: pos.dukpt_sale(lambda one: crypto.dukpt(bytes(range(16)), one.ksn()).mak)),
        r"BDK", r"initial key with KCV", r"^(?!.*matches)", remedy="injected",
        fix="compare the initial key's check value",
    ),
    _dukpt(
        "key-of-replies", "makes the MAC under the variant for replies", under(lambda keys, _: keys.reply_mak),
        r"repl(y|ies)", r"requests?", remedy="MAK[^;]*(KSN|request)", never=("sign-on",),
        fix="use the variant of requests: FF in the seventh byte of each half",
    ),
    _dukpt(
        "no-variant", "makes the MAC under the key of the transaction itself", under(lambda keys, _: keys.transaction),
        r"key of the transaction itself", remedy="MAK[^;]*(KSN|variant)", never=("sign-on",),
        fix="derive a MAK from it",
    ),
    _dukpt(
        "initial-key", "makes the MAC under the initial key", under(lambda keys, _: keys.initial),
        r"the initial key \(", r"derive", remedy="MAK[^;]*KSN", never=("sign-on",),
        fix="derive a key for each transaction",
    ),
    _dukpt(
        "variant-of-initial-key", "makes the MAC under a variant of the initial key",
        under(lambda keys, _: crypto.xor(keys.initial, bytes.fromhex("000000000000FF00") * 2)),
        r"from the initial key itself", remedy="MAK[^;]*KSN", never=("sign-on",),
        fix="derive a key for each transaction",
    ),
    _dukpt(
        "counter-too-late", "makes the MAC under the key of the counter before", _of_counter(-1),
        r"MAK of counter 4", remedy="MAK[^;]*KSN", never=("sign-on",), fix="send the KSN of the same transaction",
    ),
    _dukpt(
        "pin-key", "makes the MAC under the variant for PINs", under(lambda keys, _: keys.pik),
        r"under the PIK", remedy="MAK[^;]*KSN", never=("sign-on",), fix="use the variant for MACs of requests",
    ),
    _pin(
        "pin-under-mak", "encrypts the PIN under the variant for MACs", pin_under(lambda keys, _: keys.mak),
        r"opens under the MAK \(", remedy="PIK[^;]*KSN", never=("sign-on",), fix="use the variant for PINs",
    ),
    _pin(
        "pin-no-variant", "encrypts the PIN under the key of the transaction itself",
        pin_under(lambda keys, _: keys.transaction),
        r"opens under the key of the transaction itself", remedy="PIK[^;]*KSN", never=("sign-on",),
        fix="derive a PIK from it",
    ),
    _pin(
        "pin-of-counter-before", "encrypts the PIN under the key of the counter before",
        pin_under(lambda _, pos: pos.derived(pos.counter - 1).pik),
        r"PIK of counter 4", remedy="PIK[^;]*KSN", never=("sign-on",), fix="use the key of the same transaction",
    ),
    _pin(
        "pin-in-clear", "sends the PIN in the clear",
        derived(lambda pos: pos.dukpt_sale(de22="011").put(de52=crypto.pin_block(PIN, CARD))),
        r"in the clear", r"KSN|derived|PIK", remedy="encrypt", fix="encrypt it under the PIN key of the KSN",
    ),
)  # fmt: skip
