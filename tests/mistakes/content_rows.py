"""Mistakes of content: fields that are missing, too short, too many, or say what they should not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.mistakes.field_rows import sale, serial_sign_on
from tests.mistakes.pos import Make, Pos
from tests.mistakes.row import MISSING, Mistake, nothing, of, rows_of
from tests.mistakes.wire import bitmap_of

REFUSED = ("30", "40", "12")

_row = rows_of("encoding and fields", "content", codes=("30",), capture=True)


def _absent() -> Iterator[Mistake]:
    for de, name, codes in (
        (3, "the processing code", REFUSED),
        (4, "the amount", ("30", "13")),
        (11, "the STAN", ("30", "")),
        (22, "the entry mode", ("30",)),
        (25, "the condition code", REFUSED),
        (41, "the terminal's number", ("30", "97", "")),
        (42, "the merchant's number", ("30", "03", "")),
        (49, "the currency", ("30",)),
        (60, "DE 60", REFUSED),
    ):
        expected = {3: r"000000", 25: r"\b00\b", 60: r"\b22\b|type"}.get(de, "")
        yield _row(
            f"no-de{de}", f"leaves out {name}", lambda pos, de=de: pos.sale().drop(de), of(de, MISSING), expected,
            remedy=rf"DE ?{de}\b|it\b|{name}", fix=f"send DE {de}", codes=codes,
        )  # fmt: skip


Order = Callable[[bytes], bytes]


def bitmap(order: Order) -> Make:
    """Return a maker of sales whose bitmap has its bits in another order."""
    return sale(lambda draft: draft.with_(bitmap=order(draft.bits)))


BITMAPS: tuple[tuple[str, str, Order, str, str], ...] = (
    (
        "words", "sends the bitmap as two numbers of 32 bits, the lowest byte first",
        lambda bits: bits[3::-1] + bits[:3:-1], r"each half of the bitmap[^;]*reverse", r"first one first",
    ),
    (
        "halves", "sends the second half of the bitmap first", lambda bits: bits[4:] + bits[:4],
        r"second half of the bitmap stands before", r"half of bit 1",
    ),
    (
        "mirrored", "sends all bits of the bitmap from the last to the first",
        lambda bits: bytes(int(f"{byte:08b}"[::-1], 2) for byte in reversed(bits)),
        r"all bits of the bitmap[^;]*bit 64 first", r"bit 1",
    ),
    ("inverted", "inverts the bitmap", lambda bits: bytes(byte ^ 0xFF for byte in bits), r"inverted", r"to 1"),
    ("of-ones", "sends a bitmap of FF", lambda bits: b"\xff" * 8, r"all bits of the bitmap are 1", r"no other"),
    ("of-zeros", "sends a bitmap of zeros", lambda bits: bytes(8), r"all bits of the bitmap are 0", r"to 1"),
    (
        "to-the-right", "numbers the bits of the bitmap from 2", lambda bits: (int.from_bytes(bits) >> 1).to_bytes(8),
        r"one place too far to the right", r"from 1",
    ),
)  # fmt: skip

ROWS = (
    *_absent(),
    _row(
        "no-card", "sends a sale without a card", lambda pos: pos.sale().drop(2, 14), of(2, MISSING), of(35, MISSING),
        remedy=r"DE ?2\b|DE ?35|card|track", fix="send DE 2, or the track in DE 35", codes=("30", "14"),
    ),
    _row(
        "type-short", "ends DE 60 behind the batch: 22 000001", lambda pos: pos.sale(de60="22000001"),
        of(60, r"\b8\b|short|60\.3|function"), r"\b11\b|60\.3|function|three|\b3\b", remedy=r"000|60\.3|function|11",
        fix="send type, batch and function: 22 000001 000", codes=(*REFUSED, "00"),
    ),
    _row(
        "no-operator", "signs on without an operator", lambda pos: pos.sign_on_request().drop(63), of(63, MISSING),
        remedy=r"DE ?63|operator|01", fix="send the operator in DE 63: 01 and a blank", right=Pos.sign_on_request,
        before=nothing,
    ),
    _row(
        "operator-short", "sends one character of three as the operator",
        lambda pos: pos.sign_on_request().put(de63="1"),
        r"DE 63 has 1 character", r"\b3\b|three", r"^(?!.*(missing|absent|is not there|left out))",
        remedy=r"three|\b3\b|blank|space|\b01\b", fix="send three characters: 01 and a blank",
        right=Pos.sign_on_request, before=nothing, codes=("30", "00"),
    ),
    _row(
        "bit-without-field", "sets bit 23 and sends no card sequence number",
        sale(lambda m: m.with_(bitmap=bitmap_of([*m.fields, 23, 64]))), r"bit 23|DE ?23", MISSING,
        r"^(?!.*bit 23[^;]*(clear|not set))",
        remedy=r"bit 23|DE ?23|bitmap", fix="clear bit 23, or send DE 23",
    ),
    _row(
        "field-without-bit", "sends the expiry date and does not set bit 14",
        sale(lambda m: m.with_(bitmap=bitmap_of([*(de for de in m.fields if de != 14), 64]))),
        r"bit 14", r"not set|clear|missing|off|without",
        remedy=r"bit 14|DE ?14|bitmap", fix="set bit 14",
    ),
    *[
        _row(f"bitmap-{name}", title, bitmap(order), cause, remedy=remedy, fix="set bit n for DE n, bit 1 first")
        for name, title, order, cause, remedy in BITMAPS
    ],
    _row(
        "bit-1", "sets bit 1 without a second bitmap", sale(lambda m: m.with_(bitmap=bitmap_of([1, *m.fields, 64]))),
        r"bit 1\b", r"this dialect has no second(ary)? bitmap", remedy=r"bit 1\b|bitmap|it\b", fix="leave bit 1 clear",
    ),
    _row(
        "bitmap-of-16", "sends sixteen bytes of bitmap, the last eight of them zeros",
        sale(lambda m: m.with_(bitmap=m.bits + bytes(8))),
        r"bitmap has 16 bytes", remedy=r"\b8\b|eight", fix="send eight bytes",
    ),
    _row(
        "bits-from-0", "numbers the bits of the bitmap from 0",
        sale(lambda m: m.with_(bitmap=(int.from_bytes(m.bits) << 1 & (1 << 64) - 1).to_bytes(8))),
        r"bits?[^;]*(numbered )?from 0|one place", r"left", r"^(?!.*to the right)",
        remedy="from 1|bit 2", fix="number from 1",
    ),
    _row(
        "unknown-field", "sends DE 24, which this interface has not", sale(lambda m: m.raw(24, b"\x00\x01")),
        r"(bit|DE) ?24", r"no such field|not defined|unknown|has no|does not (have|know)|undefined",
        remedy=r"DE ?24|bit 24|it\b", fix="leave DE 24 out",
    ),
    _row(
        "line-end", "ends the message with CR LF", sale(lambda m: m.with_(tail=b"\r\n")),
        r"\b(2|two) bytes", r"0D ?0A|CR ?LF|line (end|break)|carriage", remedy=r"them|bytes|line|CR",
        fix="leave CR LF out",
    ),
    _row(
        "serial-count", "counts the serial number wrongly in DE 62: 16 for 12 characters",
        lambda pos: pos.sign_on_request().put(de62=b"Sequence No16306099999906"), of(62, r"\b16\b"), r"\b12\b",
        remedy=r"12|count|length|number", fix="write how many characters follow: 12", right=serial_sign_on,
        before=nothing, codes=("00", "30"),
    ),
    _row(
        "amount-zero", "sends an amount of zero", lambda pos: pos.sale(de4="0" * 12), r"amount|DE ?4\b",
        r"zero|\b0\.00\b",
        remedy=r"amount|DE ?4|more", fix="send the amount in cents", codes=("13",),
    ),
    _row(
        "currency", "sends a currency that is not the terminal's", lambda pos: pos.sale(de49="840"), r"\b840\b",
        r"\b156\b",
        remedy=r"156|DE ?49|currency", fix="send 156", codes=("12",),
    ),
    _row(
        "processing-code", "sends another processing code with a sale: 010000", lambda pos: pos.sale(de3="010000"),
        of(3, "010000"), r"000000", remedy=r"000000|DE ?3|processing", fix="send 000000", codes=REFUSED,
    ),
    _row(
        "type-and-processing-code", "says in DE 60 that a sale is a void: 23 with processing code 000000",
        lambda pos: pos.sale(de60=f"23{pos.batch}00050"), r"\b23\b", r"\b22\b|200000", r"000000",
        remedy=r"22|200000|DE ?60|DE ?3", fix="send type 22 with processing code 000000", codes=REFUSED,
    ),
    _row(
        "condition", "sends the condition code of a pre-authorisation with a sale: 06", lambda pos: pos.sale(de25="06"),
        of(25, r"\b06\b"), r"\b00\b", remedy=r"\b00\b|DE ?25|condition", fix="send 00", codes=REFUSED,
    ),
    _row(
        "stan-zero", "sends STAN 000000", lambda pos: pos.sale(de11="000000"), r"STAN|DE ?11", r"000000|zero",
        remedy=r"000001|STAN|DE ?11|1\b", fix="count from 000001 to 999999",
    ),
    _row(
        "date-swapped", "writes the day before the month: 3103", lambda pos: pos.sale(de12="120000", de13="3103"),
        of(13, "3103"), r"MMDD|month", remedy=r"month|MMDD|0331", fix="write the month first: 0331",
    ),
    _row(
        "expiry-swapped", "writes the month of the expiry date before its year", lambda pos: pos.sale(de14="1230"),
        of(14, r"has month 30"), remedy=r"YYMM", fix="write the year first: 3012", codes=("30", "54"),
    ),
    _row(
        "time", "sends a time that there is not: 250000", lambda pos: pos.sale(de12="250000", de13="0310"),
        r"250000", remedy=r"hhmmss|hour|time|DE ?12", fix="send hours up to 23",
    ),
    _row(
        "reply-mti", "sends the MTI of a reply: 0210", sale(lambda m: m.with_(mti=b"\x02\x10")), r"0210",
        r"reply|response|answer",
        remedy=r"0200|request", fix="send 0200", codes=("",), capture=False,
    ),
    _row(
        "mti-1993", "sends the MTI of another edition: 1200", sale(lambda m: m.with_(mti=b"\x12\x00")), r"1200",
        r"1993|edition|version", remedy=r"0200|1987", fix="send 0200", codes=("12", "30", ""),
    ),
    _row(
        "mti-unknown", "sends an MTI that this interface has not: 0600", sale(lambda m: m.with_(mti=b"\x06\x00")),
        r"0600",
        r"no (such )?(message|MTI)|not (known|defined|served)|unknown|does not know|no service",
        remedy=r"0200|MTI|one of",
        fix="send 0200", codes=("12", "30", "40", ""),
    ),
)  # fmt: skip
