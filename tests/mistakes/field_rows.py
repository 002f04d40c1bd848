"""Mistakes of encoding: how fields are filled, counted and written. MACs are right, made over the wrong bytes."""

from __future__ import annotations

from collections.abc import Callable

from tests.mistakes.pos import CARD, LONG_CARD, MID, TRACK, Make, Pos
from tests.mistakes.row import TEXT, filled, nothing, of, rows_of
from tests.mistakes.wire import Draft, bcd

ANY = ("", "12", "30")
PASSES = ("00", "30")  # where the value can still be read, so that refusing it is the host's choice

CHIP = bytes.fromhex(
    "9F2608ACF958C80FF744039F2701809F101307010103A0A802010A010000000000328E7BDA9F37045FEA9AF89F360201969505008004E000"
    "9A032603109C01009F02060000000012345F2A02015682027C009F1A0201569F3303E0F0C89F34034203009F03060000000000005F340101"
)  # fmt: skip
SERIAL = b"Sequence No12306099999906"

_row = rows_of("encoding and fields", "field", codes=("30",), capture=True)
Change = Callable[[Draft], Draft]


def sale(change: Change) -> Make:
    """Return a keyed sale with something changed before its MAC is made."""
    return lambda pos: change(pos.sale())


def long_sale(pos: Pos) -> Draft:
    """Return a sale with a card of 19 digits."""
    return pos.sale(de2=LONG_CARD)


def chip_sale(pos: Pos) -> Draft:
    """Return a sale with a chip."""
    return pos.sale(de22="052", de23="001", de55=CHIP)


def _chip_field(chip: bytes) -> bytes:
    return bytes.fromhex(f"{len(chip):04}") + chip


def serial_sign_on(pos: Pos) -> Draft:
    """Return a sign-on that tells the terminal's serial number."""
    return pos.sign_on_request().put(de62=SERIAL)


def _reversed_bits(draft: Draft) -> Draft:
    bits = bytes(int(f"{byte:08b}"[::-1], 2) for byte in draft.bits)
    return draft.with_(bitmap=bits)


def _broken_chip(pos: Pos) -> Draft:
    return pos.sale(de22="052", de23="001", de55=CHIP.replace(bytes.fromhex("9F1013"), bytes.fromhex("9F1073")))


ROWS = (
    _row(
        "entry-mode-left", "fills DE 22 on the left: 00 12", sale(lambda m: m.raw(22, b"\x00\x12")),
        filled(22, "left"), r"00 ?12", remedy=r"right|01 ?20", fix="fill DE 22 on the right: 01 20",
    ),
    _row(
        "entry-mode-left-readable", "fills DE 22 on the left where it can still be read: 00 10",
        sale(lambda m: m.raw(22, b"\x00\x10")), filled(22, "left"), r"00 ?10",
        remedy=r"right|01 ?00", fix="fill DE 22 on the right: 01 00", codes=PASSES,
    ),
    _row(
        "card-sequence-right", "fills DE 23 on the right: 00 10 for card 001", sale(lambda m: m.raw(23, b"\x00\x10")),
        filled(23, "right"), remedy=r"left|00 ?01", fix="fill DE 23 on the left: 00 01",
        right=lambda pos: pos.sale(de23="001"), codes=PASSES,
    ),
    _row(
        "pan-left", "fills a card number of 19 digits on the left",
        lambda pos: pos.sale().raw(2, b"\x19" + bcd(LONG_CARD, fill="left")),
        filled(2, "left"), remedy=r"right", fix="fill DE 2 on the right", right=long_sale, codes=("30", "14"),
    ),
    _row(
        "pan-fill-f", "fills a card number of 19 digits with F",
        lambda pos: pos.sale().raw(2, b"\x19" + bcd(LONG_CARD, nibble="F")),
        of(2, r"\bF\b"), r"fill|pad", remedy=r"\b0\b|zero", fix="fill DE 2 with 0", right=long_sale,
    ),
    _row(
        "track-left-readable", "fills a track of 37 digits on the left, where it can still be read",
        lambda pos: pos.swipe().raw(35, b"\x37" + bcd(TRACK, fill="left")),
        filled(35, "left"), remedy=r"right", fix="fill DE 35 on the right", right=Pos.swipe, codes=("30", "14", "00"),
    ),
    _row(
        "type-left-readable", "fills the odd digits of DE 60 on the left, where they can still be read",
        sale(lambda m: m.raw(60, b"\x00\x13" + bcd("2200000100050", fill="left"))),
        filled(60, "left"), remedy=r"right", fix="fill DE 60 on the right", codes=("30", "40", "77"),
    ),
    _row(
        "pan-length-bytes", "counts the bytes of the card number: 08 for 16 digits",
        sale(lambda m: m.raw(2, b"\x08" + bcd(CARD))),
        of(2, r"counts? (its )?bytes|bytes (instead|rather|where)|number of bytes|in bytes|8 bytes"), r"\b0?8\b",
        remedy=r"digits|16", fix="count digits: 16",
    ),
    _row(
        "track-length-bytes", "counts the bytes of the track: 19 for 37 digits",
        lambda pos: pos.swipe().raw(35, b"\x19" + bcd(TRACK)),
        of(35, r"counts? (its )?bytes|bytes (instead|rather|where)|number of bytes|in bytes|19 bytes"), r"\b19\b",
        remedy=r"digits|37", fix="count digits: 37", right=Pos.swipe,
    ),
    _row(
        "type-length-bytes", "counts the bytes of DE 60: 00 07 for 13 digits",
        sale(lambda m: m.raw(60, b"\x00\x07" + bcd("2200000100050"))),
        of(60, r"counts? (its )?bytes|bytes (instead|rather|where)|number of bytes|in bytes|7 bytes"), r"\b0*7\b",
        remedy=r"digits|13", fix="count digits: 13",
    ),
    _row(
        "pan-length-binary", "writes the length of DE 2 in binary: 10 for 16 digits",
        sale(lambda m: m.raw(2, b"\x10" + bcd(CARD))), of(2, r"binary|hexadecimal|0x10|not BCD"), r"length|\b10\b",
        remedy=r"BCD|16|decimal", fix="write the length in BCD: 16",
    ),
    _row(
        "serial-length-binary", "writes the length of DE 62 in binary: 00 19 for 25 bytes",
        lambda pos: pos.sign_on_request().raw(62, b"\x00\x19" + SERIAL), of(62, r"two binary bytes"),
        remedy=r"BCD|25|decimal", fix="write the length in BCD: 00 25", right=serial_sign_on, before=nothing,
    ),
    _row(
        "type-length-one-byte", "writes the length of DE 60 in one byte: 13",
        sale(lambda m: m.raw(60, b"\x13" + bcd("2200000100050"))),
        of(60, r"(one|1|single)[ -]byte|(first|one) (of its )?(length )?byte|LLVAR"), r"length|LLVAR",
        remedy=r"two bytes|2 bytes|00 ?13|LLLVAR|2-byte", fix="write the length in two bytes: 00 13",
    ),
    _row(
        "pan-length-text", "writes the length of DE 2 as two characters",
        sale(lambda m: m.raw(2, b"16" + bcd(CARD))), of(2, TEXT), r"length", remedy=r"BCD|one byte|16",
        fix="write the length in one byte of BCD: 16",
    ),
    _row(
        "amount-text", "writes the amount as twelve characters",
        sale(lambda m: m.raw(4, b"000000001234")), of(4, TEXT), r"^(?!.*DE ?4\b[^;]*length)",
        remedy=r"BCD|six bytes|6 bytes",
        fix="write DE 4 in six bytes of BCD",
    ),
    _row(
        "amount-binary", "writes the amount as a binary number: 00 00 00 00 04 D2",
        sale(lambda m: m.raw(4, (1234).to_bytes(6, "big"))), of(4, r"binary"), remedy=r"BCD|0+1234",
        fix="write DE 4 in BCD: 00 00 00 00 12 34",
    ),
    _row(
        "stan-text", "writes the STAN as six characters", lambda pos: (m := pos.sale()).raw(11, m.stan.encode()),
        of(11, TEXT), remedy=r"BCD|three bytes|3 bytes", fix="write DE 11 in three bytes of BCD",
    ),
    _row(
        "mti-text", "writes the MTI as four characters", sale(lambda m: m.with_(mti=b"0200")),
        rf"MTI[^;]*({TEXT})|({TEXT})[^;]*MTI", r"unionpay-pos", r"^(?!.*MTI and (the )?bitmap)",
        remedy=r"BCD|two bytes|2 bytes|02 ?00", fix="write the MTI in two bytes of BCD: 02 00", codes=ANY,
    ),
    _row(
        "bitmap-text", "writes the bitmap as sixteen hexadecimal characters",
        sale(lambda m: m.with_(bitmap=m.bits.hex().upper().encode())),
        r"bitmap is sent as sixteen characters", r"^(?!.*MTI and (the )?bitmap)",
        remedy=r"binary|eight bytes|8 bytes",
        fix="write the bitmap in eight bytes", codes=ANY,
    ),
    _row(
        "mti-and-bitmap-text", "writes MTI and bitmap as text",
        sale(lambda m: m.with_(mti=b"0200", bitmap=m.bits.hex().upper().encode())),
        rf"MTI and (the )?bitmap[^;]*({TEXT})|({TEXT})[^;]*MTI and (the )?bitmap", remedy=r"BCD|binary|bytes",
        fix="write both in binary: two bytes and eight", codes=ANY,
    ),
    _row(
        "bitmap-reversed", "numbers the bits of each byte of the bitmap from the right", sale(_reversed_bits),
        r"bitmap|bits", r"revers|lowest|least significant|from the right|other (end|way|order)|mirror",
        r"^(?!.*bit 64 first)", remedy=r"bit|left|highest|most significant",
        fix="bit 1 is the highest of the first byte", codes=ANY,
    ),
    _row(
        "currency-bcd", "writes the currency as BCD: 01 56", sale(lambda m: m.raw(49, b"\x01\x56")),
        of(49, r"BCD|packed|2 bytes|two bytes"), remedy=r"characters|ASCII|156|text",
        fix="write DE 49 as three characters",
    ),
    _row(
        "terminal-bcd", "writes the terminal's number as BCD", lambda pos: pos.sale().raw(41, bytes.fromhex(pos.tid)),
        of(41, r"BCD|packed|4 bytes|four bytes"), remedy=r"characters|ASCII|text",
        fix="write DE 41 as eight characters",
    ),
    _row(
        "mac-bit", "sends DE 64 without its bit",
        lambda pos: (one := pos.sale()).with_(bitmap=one.right_bitmap(mac=False)),
        of(64, r"bit 64 is not set"), remedy=r"bit 64", fix="set bit 64",
    ),
    _row(
        "filled-message", "fills the message up to whole blocks of eight bytes",
        lambda pos: pos.sale().with_(tail=bytes(6)),
        r"left over are zeros", remedy=r"leave|out", fix="fill up what the MAC covers, not what is sent",
    ),
    _row(
        "currency-zero", "writes the currency with four digits: 0156", lambda pos: pos.sale().raw(49, b"0156"),
        of(49, r"zeros before its 3"), remedy=r"3 characters", fix="send three digits",
    ),
    _row(
        "merchant-blank", "writes a blank behind the fifteen characters of DE 42",
        lambda pos: pos.sale().raw(42, f"{MID} ".encode()), of(42, r"blank stands behind"), remedy=r"out",
        fix="leave the blank out",
    ),
    _row(
        "terminal-length", "writes a length before DE 41", lambda pos: pos.sale().raw(41, b"\x08" + pos.tid.encode()),
        of(41, r"its length stands before it"), remedy=r"length out", fix="leave the length out",
    ),
    _row(
        "pan-filled-right", "fills DE 2 up to nineteen digits with F",
        lambda pos: pos.sale().raw(2, b"\x19" + bytes.fromhex(f"{CARD}FFFF")), of(2, r"F on the right"),
        remedy=r"digits alone", fix="send the digits alone, and their number as the length",
    ),
    _row(
        "pan-filled-left", "fills DE 2 with F on the left",
        lambda pos: pos.sale().raw(2, b"\x19" + bytes.fromhex(f"FFFF{CARD}")), of(2, r"F on the left"),
        remedy=r"digits alone", fix="send the digits alone, and their number as the length",
    ),
    _row(
        "pan-zeros", "fills DE 2 up to nineteen digits with zeros on the left",
        lambda pos: pos.sale(de2=f"000{CARD}"), of(2, r"begins with 0"), remedy=r"digits alone",
        fix="send the digits alone, and their number as the length", codes=("00",),
    ),
    _row(
        "pan-blanks", "fills DE 2 up to nineteen digits with blanks",
        lambda pos: pos.sale(de2=f"{CARD}202"), r"blanks \(20\)", r"card number", remedy=r"digits alone",
        fix="send the digits alone, and their number as the length", codes=("14",),
    ),
    _row(
        "terminal-and-merchant", "exchanges the numbers of terminal and merchant",
        lambda pos: pos.sale().raw(41, MID[:8].encode()).raw(42, f"{pos.tid}       ".encode()),
        r"DE ?41[^;]*DE ?42[^;]*exchanged", remedy=r"terminal's number", fix="send the terminal's number in DE 41",
        codes=("97",),
    ),
    _row(
        "chip-amount", "gives the chip another amount than it sends",
        lambda pos: chip_sale(pos).put(de4="000000099999"), r"9F02 is 1234,", r"DE 4[^;]*99999", remedy=r"amount",
        fix="give the chip the amount of DE 4", codes=("00",), right=chip_sale,
    ),
    _row(
        "chip-declined", "asks for approval though the chip declined",
        lambda pos: chip_sale(pos).raw(55, _chip_field(CHIP.replace(b"\x9f\x27\x01\x80", b"\x9f\x27\x01\x00"))),
        r"the chip declined", remedy=r"ARQC", fix="send what the chip asks to be sent only", codes=("00",),
        right=chip_sale,
    ),
    _row(
        "chip-data-left-out", "says in DE 22 that a chip was read, and sends no DE 55",
        lambda pos: pos.sale(de22="052"), r"chip was read", of(55, "missing"), remedy=r"DE ?55|send it|entry mode",
        fix="send DE 55", codes=("00",), right=chip_sale,
    ),
    _row(
        "terminal-short", "writes DE 41 with seven characters", lambda pos: pos.sale().raw(41, pos.tid[1:].encode()),
        of(41, r"\b7\b|seven|(one|1) (character|byte)[^;]*(short|missing|few)|too short"),
        remedy=r"\b8\b|eight|blank|space", fix="fill DE 41 up to eight characters with blanks", codes=("30", "97"),
        same_as=("field-merchant-short",),
    ),
    _row(
        "merchant-short", "writes DE 42 with fourteen characters", lambda pos: pos.sale().raw(42, b"88021021010216"),
        of(42, r"14 characters|fourteen|(one|1) (character|byte)[^;]*(short|missing|few)|too short"),
        remedy=r"\b15\b|fifteen|blank|space", fix="fill DE 42 up to fifteen characters with blanks",
        codes=("30", "03"), same_as=("field-terminal-short",),
    ),
    _row(
        "chip-length-digits", "counts the hexadecimal digits of the chip data",
        lambda pos: chip_sale(pos).raw(55, bytes.fromhex(f"{2 * len(CHIP):04}") + CHIP),
        of(55, r"digits|twice|double|half"), remedy=r"bytes", fix="count bytes", right=chip_sale,
    ),
    _row(
        "chip-tag", "writes a length in the chip data that runs past their end", _broken_chip,
        of(55, r"9F10"), r"past|beyond|end|only|left|longer", remedy=r"length|9F10|DE ?55",
        fix="correct the length of tag 9F10", right=chip_sale, codes=PASSES,
    ),
    _row(
        "track-text", "writes the track as characters", lambda pos: pos.swipe().raw(35, b"\x37" + TRACK.encode()),
        of(35, TEXT), remedy=r"BCD|two digits|nibble|19 bytes", fix="write DE 35 in BCD, two digits to a byte",
        right=Pos.swipe,
    ),
)  # fmt: skip
