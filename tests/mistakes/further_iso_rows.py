"""Further mistakes of dialects of the ISO standards and of DUKPT, which were once answered without their cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.mistakes import crypto
from tests.mistakes.dukpt_rows import DUKPT, derived, pin_under, under
from tests.mistakes.iso import BDK, DukptPos, IsoDraft, IsoPos, signed_on
from tests.mistakes.iso_rows import RIGHT, frame_of, mac, sale
from tests.mistakes.pos import CARD, TRACK, Make
from tests.mistakes.row import Mistake, nothing, rows_of

_keys = rows_of(
    "keys and MAC", "iso", codes=("63",), before=signed_on, right=RIGHT, listener="iso8583-1987-ascii", capture=True
)
_text = rows_of(
    "encoding and fields", "iso", codes=("30",), before=signed_on, right=RIGHT, listener="iso8583-1987-ascii",
    capture=True,
)  # fmt: skip
_UNDER_BDK = {"bdk": BDK.hex().upper(), "tmk": ""}
_dukpt = rows_of(
    "keys and MAC", "dukpt", codes=("63",), before=nothing, right=derived(lambda pos: pos.dukpt_sale()),
    listener=DUKPT, terminal=_UNDER_BDK, capture=True,
)  # fmt: skip
_pin = rows_of(
    "PIN and track", "dukpt-pin", codes=("63",), before=nothing, right=pin_under(lambda keys, _: keys.pik),
    listener=DUKPT, terminal=_UNDER_BDK, capture=True,
)  # fmt: skip
SWAPPED = BDK[8:] + BDK[:8]


def _unmasked(pos: DukptPos) -> crypto.DerivedKeys:
    """Return the keys of a terminal whose initial key was made without its mask."""
    return crypto.dukpt(BDK, pos.ksn(), mask=bytes(16))


def _for_data(keys: crypto.DerivedKeys, _: DukptPos) -> bytes:
    return crypto.xor(keys.transaction, bytes.fromhex("0000000000FF0000") * 2)


def _retail(last: Callable[[bytes, bytes], bytes]) -> Make:
    """Return a maker of sales whose retail MAC ends otherwise: with the MAK and the result of the chain."""

    def make(pos: IsoPos, one: IsoDraft) -> bytes:
        return last(pos.keys.mak, crypto.chain(pos.keys.mak[:8], crypto.padded(one.covered)))

    return mac(make)


def _raw(de: int, wire: bytes) -> Make:
    """Return a maker of sales with other bytes in a field."""
    return sale(lambda draft, _: draft.raw(de, wire))


def _moved(right: bool) -> Make:
    """Return a maker of sales whose KSN has its digits moved by one."""

    def make(pos: DukptPos) -> IsoDraft:
        sale, digits = pos.dukpt_sale(), pos.ksn().hex()
        return sale.raw(53, b"\x10" + bytes.fromhex(f"0{digits[:-1]}" if right else f"{digits[1:]}0"))

    return derived(make)


ROWS: tuple[Mistake, ...] = (
    _dukpt("ksn-half-right", "moves the digits of the key serial number to the right by one", _moved(True),
           "moved half a byte to the right", remedy="begin with FFFF", fix="fill the KSN up with whole bytes FF",
           never=("BDK",)),
    _dukpt("ksn-half-left", "moves the digits of the key serial number to the left by one", _moved(False),
           "moved half a byte to the left", remedy="begin with FFFF", fix="fill the KSN up with whole bytes FF",
           codes=("30", "63"), never=("begin with 1",)),
    _text("sent-year", "sends the year in DE 7", _raw(7, b"260310040000"),
          "DE 7 is most likely the cause: it looks like YYMMDDhhmmss,", remedy="send MMDDhhmmss", fix="leave it out"),
    _text("date-year", "sends the year in DE 13", _raw(13, b"20260310"),
          "DE 13 is most likely the cause: it looks like YYYYMMDD, has 8 characters", remedy="send MMDD",
          fix="leave it out"),
    _text("time-colons", "writes the time as 12:00:00", _raw(12, b"12:00:00"), "DE 12 [^;]*separators between",
          remedy="digits only", fix="send 120000"),
    _text("expiry-slash", "writes the expiry as 30/12", _raw(14, b"30/12"), "DE 14 [^;]*separators between",
          remedy="digits only", fix="send 3012"),
    _text("pan-blanks", "writes the card number in groups of four", _raw(2, b"196212 3456 7890 1232"),
          "DE 2 [^;]*blanks or dashes between", remedy="digits only", fix="send the digits"),
    _text("pan-masked", "sends the card number masked", _raw(2, b"16621234******1232"), "DE 2 [^;]*digits are masked",
          remedy="whole number", fix="send all digits"),
    _text("length-turned", "writes the digits of the length of DE 2 from the last to the first", _raw(2,
          b"61" + CARD.encode()), "DE 2 [^;]*digits of its length stand in reverse", remedy="write 16",
          fix="write 16 as two characters"),
    _text("track-caret", "sends ^ as the separator of track 2", sale(lambda draft, _: draft.drop(2).put(de22="022",
          de35=TRACK.replace("D", "^"))), r"DE 35 [^;]*a \^ stands", remedy="send =", fix="send =",
          right=sale(lambda draft, _: draft.drop(2).put(de22="022", de35=TRACK.replace("D", "=")))),
    _text("track-lrc", "sends ? and the check character behind track 2", sale(lambda draft,
          _: draft.drop(2).put(de22="022").raw(35, b"296212345678901232=3012122000?5")),
          r"DE 35 [^;]*end sentinel \(\?\) is sent", remedy="leave it out", fix="end before the ?",
          right=sale(lambda draft, _: draft.drop(2).put(de22="022", de35="6212345678901232=3012122000"))),
    _text("bitmap-of-bits", "sends the bitmap as 64 digits to a host of text",
          frame_of(lambda pos: (lambda one: replace(one, bitmap=f"{int(one.style.bitmap(one.des), 16):064b}".encode()))(
          pos.iso_sale())), "64 characters, one for each bit", remedy="sixteen", fix="send sixteen hexadecimal digits"),
    _text("sent-of-no-date", "sends month 13 in DE 7", sale(lambda draft, _: draft.put(de7="1399250000")),
          "sent: DE 7 [^;]*no date and time", remedy="MMDDhhmmss", fix="send the universal time", codes=("00",)),
    _dukpt("bdk-swapped", "is given keys of a BDK whose halves were swapped", under(lambda _, pos: crypto.dukpt(SWAPPED,
           pos.ksn()).mak), "MAB under [^;]*: the halves of the BDK were swapped", remedy="in their order",
           fix="enter the BDK again"),
    _dukpt("no-mask", "is given an initial key whose right half was made without the mask", under(lambda _,
           pos: _unmasked(pos).mak), "MAB under [^;]*without the mask", remedy="mask",
           fix="derive the initial key by X9.24"),
    _dukpt("variant-for-data", "makes the MAC under the variant for data", under(_for_data),
           "variant for data for the MAK", remedy="use the MAK", fix="use the variant for MACs"),
    _pin("bdk-swapped", "encrypts the PIN under keys of a BDK whose halves were swapped", pin_under(lambda _,
         pos: crypto.dukpt(SWAPPED, pos.ksn()).pik), "opens under [^;]*: the halves of the BDK were swapped",
         remedy="in their order", fix="enter the BDK again"),
    _pin("no-mask", "encrypts the PIN under keys of an initial key without the mask", pin_under(lambda _,
         pos: _unmasked(pos).pik), "opens under [^;]*without the mask", remedy="mask",
         fix="derive the initial key by X9.24"),
    _pin("variant-for-data", "encrypts the PIN under the variant for data", pin_under(_for_data),
         "variant for data for the PIK", remedy="use the PIK", fix="use the variant for PINs"),
    _keys("last-keys-exchanged", "exchanges the keys of the last two steps of the retail MAC", _retail(lambda key,
          data: crypto.encrypt(key[8:], crypto.decrypt(key[:8], data))), "decrypts the last block with the left half",
          remedy="with the right half", fix="decrypt with the right half, encrypt with the left"),
    _keys("last-step-left-out", "leaves out the last encryption of the retail MAC", _retail(lambda key,
          data: crypto.decrypt(key[8:], data)), "ends with the decryption", remedy="encrypt it with the left half",
          fix="encrypt with the left half"),
    _keys("once-more", "encrypts the retail MAC once more", _retail(lambda key, data: crypto.encrypt(key,
          crypto.encrypt(key[:8], crypto.decrypt(key[8:], data)))), "encrypts the result once more;", remedy="as it is",
          fix="leave the third encryption out"),
    _keys("3des-after-chain", "encrypts the last block by DES and then by 3DES", _retail(lambda key,
          data: crypto.encrypt(key, data)), "or encrypts the last block by DES and then by 3DES",
          remedy="by 3DES alone", fix="decrypt with the right half, then encrypt with the left"),
)  # fmt: skip
