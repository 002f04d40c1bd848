"""Mistakes that dialects of the ISO standards invite: text where half bytes are usual, and 1993."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.mistakes import crypto
from tests.mistakes.iso import IsoDraft, IsoPos, signed_on
from tests.mistakes.pos import CARD, MID, Make, Pos
from tests.mistakes.row import Mistake, of, rows_of

TEXT, TEXT_1993, BCD_1993 = ("iso8583-1987-ascii", "iso8583-1993-ascii", "iso8583-1993-bcd")  # fmt: skip


def frame_of(make: Callable[[IsoPos], IsoDraft]) -> Make:
    """Return what makes the bytes of a terminal of an ISO dialect."""

    def frame(pos: Pos) -> bytes:
        assert isinstance(pos, IsoPos)
        return make(pos).frame

    return frame


def sale(change: Callable[[IsoDraft, IsoPos], IsoDraft]) -> Make:
    """Return a maker of sales that are changed before their MAC is made."""
    return frame_of(lambda pos: pos.sealed(change(pos.unsealed_sale(), pos)))


def bits(change: Callable[[int], int]) -> Callable[[IsoDraft], IsoDraft]:
    """Return what changes the first bitmap of a text dialect, as a number."""

    def changed(draft: IsoDraft) -> IsoDraft:
        digits = draft.style.bitmap(draft.des)
        return replace(draft, bitmap=f"{change(int(digits[:16], 16)):016X}".encode() + digits[16:])

    return changed


def mac(make: Callable[[IsoPos, IsoDraft], bytes]) -> Make:
    """Return a maker of sales whose MAC is made otherwise."""
    return frame_of(lambda pos: replace(pos.iso_sale(), mac=lambda one: pos.written(make(pos, one))))


def over(covered: Callable[[IsoDraft], bytes]) -> Make:
    """Return a maker of sales whose MAC covers something else."""
    return mac(lambda pos, one: crypto.x9_19(pos.keys.mak, covered(one)))


RIGHT = frame_of(lambda pos: pos.iso_sale())
SIGN_ON = frame_of(lambda pos: pos.network())
ECHO = frame_of(lambda pos: pos.network("301"))
BIT_1 = 1 << 63

_field = rows_of("encoding and fields", "iso", before=signed_on, right=RIGHT, codes=("30",), listener=TEXT)
_keys = rows_of("keys and MAC", "iso", before=signed_on, right=RIGHT, codes=("63",), listener=TEXT)
_1993 = rows_of("encoding and fields", "1993", before=signed_on, right=RIGHT, codes=("904",), listener=TEXT_1993)
_half = rows_of("encoding and fields", "1993-bcd", before=signed_on, right=RIGHT, codes=("904",), listener=BCD_1993)
ROWS: tuple[Mistake, ...] = (
    _field(
        "length-bcd", "writes the length of DE 2 in one byte of BCD where two characters belong",
        sale(lambda draft, _: draft.raw(2, b"\x16" + CARD.encode())),
        of(2, r"length[^;]*BCD[^;]*ASCII"), remedy="2 ASCII|two|characters", fix="write 16 as two characters",
    ),
    _field(
        "length-binary", "writes the length of DE 2 as a binary byte where two characters belong",
        sale(lambda draft, _: draft.raw(2, b"\x10" + CARD.encode())),
        of(2, r"length[^;]*binary[^;]*ASCII"), remedy="2 ASCII|two|characters", fix="write 16 as two characters",
    ),
    _field(
        "bitmap-packed", "sends the bitmap in eight bytes to a host of text",
        frame_of(lambda pos: (lambda one: replace(one, bitmap=bytes.fromhex(one.style.bitmap(one.des).decode())))(
            pos.iso_sale()
        )),
        r"bitmap", r"eight bytes", r"sixteen|16", remedy="hex|characters|digits", fix="send sixteen characters",
    ),
    _field(
        "mti-and-bitmap-packed", "packs MTI and bitmap for a host of text",
        frame_of(lambda pos: (lambda one: replace(
            one, mti=bytes.fromhex("0200"), bitmap=bytes.fromhex(one.style.bitmap(one.des).decode())
        ))(pos.iso_sale())),
        r"MTI and (the )?bitmap", r"packed|BCD|binary", remedy="characters|text", fix="send both as characters",
        codes=("",),
    ),
    _field(
        "pin-bytes", "sends the PIN block in eight bytes to a host of text",
        sale(lambda draft, pos: draft.put(de22="011").raw(52, pos.block(pos.keys.pik))),
        of(52, "bytes"), remedy="two characters|digits", fix="send sixteen characters",
    ),
    _field(
        "mac-bytes", "sends the MAC in eight bytes to a host of text",
        frame_of(lambda pos: replace(pos.iso_sale(), mac=lambda one: crypto.x9_19(pos.keys.mak, one.covered))),
        of(64, "sent as bytes"), remedy="characters|digits", fix="send sixteen characters",
    ),
    _field(
        "amount-packed", "packs the amount for a host of text",
        sale(lambda draft, _: draft.raw(4, bytes.fromhex("000000001234"))),
        of(4, r"BCD[^;]*ASCII"), remedy="one character", fix="send twelve characters",
    ),
    _field(
        "amount-point", "writes the amount with a decimal point",
        sale(lambda draft, _: draft.raw(4, b"00000000 12.34"[-12:])),
        of(4, r"decimal point"), remedy="minor units|cents", fix="send 000000001234",
    ),
    _field(
        "amount-blanks", "fills the amount with blanks",
        sale(lambda draft, _: draft.raw(4, b"        1234")),
        of(4, r"(filled|padded) with (blanks|spaces)"), remedy="zeros", fix="fill with zeros",
    ),
    _field(
        "amount-short", "sends the amount without leading zeros",
        sale(lambda draft, _: draft.raw(4, b"1234")),
        of(4, r"4 characters[^;]*12"), remedy="12", fix="fill it up to twelve digits with zeros",
    ),
    _field(
        "currency-short", "sends the currency as two characters",
        sale(lambda draft, _: draft.raw(49, b"97")),
        of(49, r"2 characters[^;]*3"), remedy="3", fix="send three characters",
    ),
    _field(
        "merchant-short", "sends a merchant number of twelve characters",
        sale(lambda draft, _: draft.raw(42, MID.encode()[:12])),
        of(42, r"12 characters[^;]*15"), remedy="15", fix="fill it up with blanks",
    ),
    _field(
        "track-sentinels", "sends a track with its start and end sentinels",
        sale(lambda draft, _: draft.put(de22="022").raw(35, b"38;6212345678901232=3012122000000123456?").drop(2)),
        of(35, r"sentinel"), remedy="leave (them|out)|without", fix="leave out ; and ?",
    ),
    _field(
        "chip-bytes", "sends chip data as bytes to a host of text",
        sale(lambda draft, _: draft.put(de22="051").raw(55, b"011" + bytes.fromhex("9F26081122334455667788"))),
        of(55, r"sent as bytes"), remedy="two characters", fix="send two characters for each byte",
    ),
    _field(
        "chip-length-bytes", "counts the bytes of chip data that travels as text",
        sale(lambda draft, _: draft.put(de22="051").raw(55, b"011" + b"9F26081122334455667788")),
        of(55, r"counts bytes"), remedy="digits", fix="count the digits: 022",
    ),
    _field(
        "bit-1", "sets bit 1 of the bitmap and sends no second one",
        frame_of(lambda pos: bits(lambda number: number | BIT_1)(pos.iso_sale())),
        r"bit 1\b", r"no second bitmap follows", r"^(?!.*DE 70)", remedy="bit 1", fix="clear bit 1",
    ),
    _field(
        "second-bitmap-left-out", "sends DE 70 without a second bitmap",
        frame_of(lambda pos: (lambda one: replace(one, bitmap=one.style.bitmap(one.des)[:16]))(pos.network("301"))),
        r"no second bitmap", r"DE 70", remedy="second bitmap", fix="send the second bitmap behind the first one",
        right=ECHO,
    ),
    _field(
        "bit-1-clear", "sends a second bitmap and leaves bit 1 clear",
        frame_of(lambda pos: bits(lambda number: number & ~BIT_1)(pos.network("301"))),
        r"second bitmap", r"bit 1\b", r"^(?!.*no second)", remedy="set bit 1", fix="set bit 1", right=ECHO,
    ),
    _field(
        "function-left-out", "leaves out DE 70", frame_of(lambda pos: pos.network().drop(70)),
        of(70, "missing"), remedy="DE 70", fix="send 001 in DE 70", right=SIGN_ON, codes=("40",),
    ),
    _field(
        "terminal-zero-byte", "ends DE 41 with a zero byte, as C does",
        sale(lambda draft, pos: draft.raw(41, pos.tid.encode()[:7] + b"\0")),
        r"zero byte", r"terminal", remedy="blanks", fix="fill up with blanks", codes=("89",),
    ),
    _keys(
        "x9.9", "makes the MAC by single DES under half of the MAK, where the retail MAC belongs",
        mac(lambda pos, one: crypto.chain(pos.keys.mak[:8], crypto.padded(one.covered))),
        r"(first )?half of (the|its) MAK", remedy="both halves|whole", never=(r"mak = ",), fix="use the whole MAK",
    ),
    _keys(
        "bitmap-packed-in-mac", "packs the bitmap before it makes the MAC",
        over(lambda one: one.mti + bytes.fromhex(one.style.bitmap(one.des).decode()) + one.covered[20:]),
        r"bitmap", r"packed|binary|eight bytes", r"^(?!.*MTI and bitmap packed)",
        remedy="as (they are|it is) sent", fix="let the MAC cover what is sent",
    ),
    _keys(
        "all-packed-in-mac", "packs MTI and bitmap before it makes the MAC",
        over(lambda one: bytes.fromhex("0200" + one.style.bitmap(one.des).decode()) + one.covered[20:]),
        r"MTI and bitmap packed", remedy="as (they are|it is) sent", fix="let the MAC cover what is sent",
    ),
    _keys(
        "four-bytes-of-mac", "sends four bytes of the MAC and zeros",
        mac(lambda pos, one: crypto.x9_19(pos.keys.mak, one.covered)[:4] + bytes(4)),
        r"4 bytes with zeros", remedy="eight|8", fix="send all eight bytes",
    ),
    _keys(
        "mac-reversed", "sends the bytes of the MAC from the last to the first",
        mac(lambda pos, one: crypto.x9_19(pos.keys.mak, one.covered)[::-1]),
        r"bytes in reverse", remedy="as they are|order", fix="send them in the order of the result",
    ),
    _keys(
        "mac-halves", "swaps the halves of the MAC",
        mac(lambda pos, one: crypto.x9_19(pos.keys.mak, one.covered)[4:] + crypto.x9_19(pos.keys.mak, one.covered)[:4]),
        r"second half[^;]*before the first", remedy="as they are|order", fix="send them in the order of the result",
    ),
    _keys(
        "3des-cbc", "makes the MAC by 3DES in CBC",
        mac(lambda pos, one: crypto.chain(pos.keys.mak, crypto.padded(one.covered))),
        r"cbc", remedy="x9.19", fix="use the retail MAC: single DES, and 3DES for the last block",
    ),
    _1993(
        "mti-1987", "sends a sale of 1987: 0200",
        frame_of(lambda pos: pos.sealed(replace(pos.unsealed_sale(), mti=b"0200"))),
        r"0200", r"1987", remedy="1200", fix="send 1200", codes=("902",),
    ),
    _1993(
        "reversal-1400", "sends a reversal as 1400",
        frame_of(lambda pos: pos.sealed(replace(pos.unsealed_sale(de24="400"), mti=b"1400"))),
        r"1400", r"reversal", remedy="1420", fix="send 1420", codes=("902",),
    ),
    _1993(
        "function-left-out", "leaves out DE 24", sale(lambda draft, _: draft.drop(24)),
        of(24, "missing"), remedy="200", fix="send 200 in DE 24", codes=("115",),
    ),
    _1993(
        "function-of-1987", "signs on with the function code of 1987: 001", frame_of(lambda pos: pos.network("001")),
        of(24, "001"), remedy="801", fix="send 801", right=SIGN_ON, codes=("115",),
    ),
    _1993(
        "entry-mode-of-1987", "sends an entry mode of three digits in DE 22",
        sale(lambda draft, _: draft.raw(22, b"051")),
        of(22, r"3 characters[^;]*12"), remedy="12", fix="send twelve characters",
    ),
    _1993(
        "time-of-1987", "sends a time of six digits in DE 12",
        sale(lambda draft, _: draft.raw(12, b"120000")),
        of(12, r"6 characters[^;]*12"), remedy="YYMMDDhhmmss", fix="send date and time: YYMMDDhhmmss",
    ),
    _1993(
        "year-last", "writes month, day and year in DE 12",
        sale(lambda draft, _: draft.put(de12="103026120000")),
        of(12, r"no point in time"), remedy="YYMMDD", fix="write the year first",
    ),
    _1993(
        "condition-of-1987", "sends a condition code of 1987 in DE 25",
        sale(lambda draft, _: draft.raw(25, b"00")),
        of(25, r"2 characters[^;]*4"), remedy="4", fix="leave DE 25 out, or send a reason of four digits",
    ),
    _half(
        "mti-text", "writes the MTI as four characters to a host of 1993",
        frame_of(lambda pos: replace(pos.iso_sale(), mti=b"1200")),
        r"MTI[^;]*(ASCII|characters)", r"1993-bcd", remedy="BCD", fix="write it in two bytes", codes=("",),
    ),
    _half(
        "function-right", "fills DE 24 on the right",
        sale(lambda draft, _: draft.raw(24, b"\x20\x00")),
        of(24, r"filled on the right"), remedy="left", fix="write 200 as 02 00",
    ),
    _half(
        "entry-mode-of-1987", "sends an entry mode of three digits in DE 22, in two bytes",
        sale(lambda draft, _: draft.raw(22, b"\x00\x51")),
        of(22, r"2 characters[^;]*12"), remedy="12", fix="send twelve characters",
    ),
    _half(
        "mti-text-in-mac", "writes the MTI as text before it makes the MAC",
        over(lambda one: b"1200" + one.covered[2:]),
        r"MTI as text", remedy="as (they are|it is) sent", fix="let the MAC cover what is sent", codes=("916",),
    ),
)  # fmt: skip
