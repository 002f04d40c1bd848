"""More mistakes in dialects of the ISO standards: text, half bytes, EBCDIC, 1993 and DUKPT."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.mistakes import crypto, dukpt_rows
from tests.mistakes.dukpt_rows import DUKPT, derived
from tests.mistakes.iso import BDK, IsoDraft, IsoPos, signed_on
from tests.mistakes.iso_rows import ECHO, RIGHT, SIGN_ON, frame_of, mac, over, sale
from tests.mistakes.pin_rows import mixed
from tests.mistakes.pos import CARD, LONG_CARD, TRACK, Make, Pos
from tests.mistakes.row import Mistake, nothing, rows_of
from tests.mistakes.wire import TPDU, bcd

_text = rows_of(
    "encoding and fields", "iso", codes=("30",), before=signed_on, right=RIGHT, listener="iso8583-1987-ascii"
)
_frame = rows_of("framing", "framing-iso", codes=("",), before=signed_on, right=RIGHT, listener="iso8583-1987-ascii")
_keys = rows_of("keys and MAC", "iso", codes=("63",), before=signed_on, right=RIGHT, listener="iso8583-1987-ascii")
_pin = rows_of("PIN and track", "iso", codes=("63",), before=signed_on, right=RIGHT, listener="iso8583-1987-ascii")
_binary = rows_of(
    "encoding and fields", "iso-binary", codes=("30",), before=signed_on, right=RIGHT, listener="iso8583-1987-binary"
)
_1993 = rows_of(
    "encoding and fields", "1993", codes=("904",), before=signed_on, right=RIGHT, listener="iso8583-1993-ascii"
)
_UNDER_BDK = {"bdk": BDK.hex().upper(), "tmk": ""}
_dukpt = rows_of(
    "keys and MAC", "dukpt",
    codes=("63",), before=nothing, right=derived(lambda pos: pos.dukpt_sale()), listener=DUKPT, terminal=_UNDER_BDK,
)  # fmt: skip
_dukpt_pin = rows_of(
    "PIN and track", "dukpt-pin",
    codes=("63",), before=nothing, right=dukpt_rows.pin_under(lambda keys, _: keys.pik), listener=DUKPT,
    terminal=_UNDER_BDK,
)  # fmt: skip


def _in_other_form(change: Callable[[IsoDraft], bytes]) -> Make:
    """Return a maker of frames that hold a sale in another form, behind the right length."""

    def frame(pos: Pos) -> bytes:
        assert isinstance(pos, IsoPos)
        message = change(pos.iso_sale())
        return pos.style.length(len(message)) + message

    return frame


def _ebcdic(text: bytes) -> bytes:
    return text.decode("latin-1").encode("cp037")


def _all_ebcdic(pos: Pos) -> bytes:
    assert isinstance(pos, IsoPos)
    return _ebcdic(pos.iso_sale().frame)


def _as_mti(mti: bytes) -> Make:
    return frame_of(lambda pos: pos.sealed(replace(pos.unsealed_sale(), mti=mti)))


def _with_pin(block: Callable[[IsoPos], bytes]) -> Make:
    return sale(lambda draft, pos: draft.put(de22="011", de52=block(pos)))


_swiped = sale(lambda draft, _: draft.drop(2).put(de22="022", de35=TRACK.replace("D", "=")))

ROWS: tuple[Mistake, ...] = (
    _text("pan-length-three", "writes the length of DE 2 in three characters: 016",
          sale(lambda draft, _: draft.raw(2, b"016" + CARD.encode())), "DE 2 [^;]*its length is 3 ASCII digits",
          remedy="2 ASCII digits", fix="write two characters: 16"),
    _text("additional-length-two", "writes the length of DE 48 in two characters: 05",
          sale(lambda draft, _: draft.raw(48, b"05HELLO")), "DE 48 [^;]*its length is 2 ASCII digits",
          remedy="3 ASCII digits", fix="write three characters: 005"),
    _text("track-length-binary", "writes the length of DE 35 as a binary byte",
          sale(lambda draft, _: draft.drop(2).put(de22="022").raw(35, b"\x25" + TRACK.replace("D", "=").encode())),
          "DE 35 [^;]*its length is a binary byte", remedy="2 ASCII digits", fix="write 37 as two characters",
          right=_swiped),
    _text("amount-sign", "writes a sign before the amount", sale(lambda draft, _: draft.raw(4, b"-00000001234")),
          "DE 4 [^;]*it has a sign", remedy="digits only", fix="send twelve digits"),
    _text("stan-blanks", "fills the STAN with blanks", sale(lambda draft, _: draft.raw(11, b"     2")),
          "DE 11 [^;]*filled with blanks", remedy="zeros", fix="fill it with zeros"),
    _text("entry-mode-blank", "fills the entry mode with a blank", sale(lambda draft, _: draft.raw(22, b"12 ")),
          "DE 22 [^;]*filled with blanks", remedy="zeros", fix="send 012"),
    _text("date-with-year", "writes year and month in DE 13", sale(lambda draft, _: draft.put(de13="2603")),
          r"DE 13 [^;]*\b2603 ", remedy="MMDD", fix="send month and day"),
    _text("currency-letters", "sends EUR as the currency", sale(lambda draft, _: draft.put(de49="EUR")),
          "DE 49 [^;]*EUR", remedy="978", fix="send its number: 978", codes=("12",)),
    _text("sent-left-out", "signs on without DE 7", frame_of(lambda pos: pos.network().drop(7)), "DE 7 [^;]*missing",
          remedy="DE 7", fix="send the time of sending", right=SIGN_ON),
    _text("function-999", "asks for function 999", frame_of(lambda pos: pos.network("999")), "DE 70 [^;]*is 999",
          remedy="001", fix="send 001 or 301", right=ECHO, codes=("40",)),
    _text("mti-0120", "sends a sale as an authorisation advice: 0120", _as_mti(b"0120"),
          "authorisation[^;]*0120", "authorisation but for its MTI", remedy="0100", fix="send 0100", codes=("40",)),
    _text("reversal-without-original", "reverses without DE 90", _as_mti(b"0400"), "DE 90 [^;]*missing",
          remedy="DE 90", fix="name the sale in DE 90"),
    _frame("tpdu", "sends a TPDU to a host that wants none", _in_other_form(lambda one: TPDU + one.message),
           "a TPDU stands before the message", remedy="leave it out", fix="leave the TPDU out"),
    _frame("ebcdic", "sends EBCDIC to a host of ASCII, behind a length in ASCII",
           _in_other_form(lambda one: _ebcdic(one.message)), "^(?!.*EBCDIC length).*MTI 0200 in EBCDIC",
           remedy="as this port reads it", fix="send ASCII, or serve the EBCDIC dialect"),
    _frame("all-ebcdic", "sends EBCDIC to a host of ASCII, its length too",
           _all_ebcdic, "EBCDIC length", "MTI 0200 in EBCDIC", remedy="as this port reads it",
           fix="send ASCII, or serve the EBCDIC dialect"),
    _keys("padding-80", "pads with 80 before the retail MAC",
          mac(lambda pos, one: crypto.x9_19(pos.keys.mak, crypto.padded(one.covered, first=b"\x80"))),
          "iso9797-1-alg3-pad2", remedy="x9.19", fix="pad with zeros"),
    _keys("unionpay-mac", "makes the MAC by UnionPay's algorithm",
          mac(lambda pos, one: crypto.fold_result(pos.keys.mak, one.covered)), "uses MAC algorithm unionpay-ecb",
          remedy="x9.19", fix="make the retail MAC"),
    _keys("cmac", "makes the MAC by CMAC", mac(lambda pos, one: crypto.cmac(pos.keys.mak, one.covered)), "cmac",
          remedy="x9.19", fix="make the retail MAC"),
    _keys("mak-swapped", "swaps the halves of the MAK",
          mac(lambda pos, one: crypto.x9_19(pos.keys.mak[8:] + pos.keys.mak[:8], one.covered)),
          "the MAK with its halves swapped", remedy="order", fix="keep the halves in their order"),
    _keys("mak-not-decrypted", "uses the MAK as it travels",
          mac(lambda pos, one: crypto.x9_19(pos.keys.wrapped["mak"], one.covered)), "the MAK as it travels",
          remedy="decrypt", fix="decrypt it under the TMK"),
    _keys("pik-for-mak", "makes the retail MAC under the PIK",
          mac(lambda pos, one: crypto.x9_19(pos.keys.pik, one.covered)), "^(?!.*KSN).*MAB under the PIK",
          remedy="MAK", fix="use the MAK"),
    _keys("length-in-mac", "lets the MAC cover the length of the frame",
          over(lambda one: f"{len(one.covered) + 16:04}".encode() + one.covered), "covers the frame with its length",
          remedy="MTI", fix="begin at the MTI"),
    _keys("mti-out-of-mac", "leaves the MTI out of the retail MAC", over(lambda one: one.covered[4:]),
          "without the MTI", remedy="MTI", fix="begin at the MTI"),
    _keys("bit-64-in-mac", "makes the MAC before bit 64 is set",
          over(lambda one: one.mti + one.style.bitmap(sorted(one.fields)) + one.covered[20:]),
          "before bit 64 is set", remedy="bit 64", fix="set bit 64 first"),
    _keys("last-block-in-mac", "leaves out the last block of the MAC where it is not complete",
          over(lambda one: one.covered[: len(one.covered) // 8 * 8]), "without the incomplete last one",
          remedy="zeros", fix="fill it up with zeros"),
    _keys("blanks-in-mac", "fills up the last block with blanks",
          over(lambda one: one.covered + b" " * (-len(one.covered) % 8)), "filled up with spaces", remedy="zeros",
          fix="fill it up with zeros"),
    _keys("mac-left-out", "sends a sale without the retail MAC", frame_of(lambda pos: pos.unsealed_sale()),
          "^(?!.*KSN).*DE 64 [^;]*missing", remedy="MAC", fix="send DE 64"),
    _pin("pin-under-mak", "encrypts the PIN under the MAK of sixteen bytes",
         _with_pin(lambda pos: pos.block(pos.keys.mak)),
         "^(?!.*KSN).*opens under the MAK ", remedy="PIK", fix="encrypt it under the PIK"),
    _pin("pin-check-digit", "takes the last twelve digits of the card, the check digit among them",
         _with_pin(lambda pos: crypto.encrypt(pos.keys.pik, mixed(CARD[-12:]))), "check digit of the card number inclu",
         remedy="before the check digit", fix="leave the check digit out"),
    _binary("pan-right", "fills a card number of 19 digits on the right",
            sale(lambda draft, _: draft.raw(2, b"\x19" + bcd(LONG_CARD))), "DE 2 [^;]*filled on the right",
            remedy="on the left", fix="fill it on the left", right=sale(lambda draft, _: draft.put(de2=LONG_CARD))),
    _binary("entry-mode-right", "fills DE 22 on the right: 01 20",
            sale(lambda draft, _: draft.raw(22, b"\x01\x20")), r"DE 22 \(01 20\)[^;]*on the right",
            remedy="00 12", fix="send 00 12", codes=("00",)),
    _binary("sent-text", "writes DE 7 as characters", sale(lambda draft, _: draft.raw(7, b"0310040000")),
            "DE 7 [^;]*sent as ASCII", remedy="BCD", fix="write DE 7 in five bytes of BCD"),
    _binary("mac-as-text", "sends eight hexadecimal characters of the MAC to a host of bytes",
            frame_of(lambda pos: replace(pos.iso_sale(), mac=lambda one: crypto.hexadecimal(
                crypto.x9_19(pos.keys.mak, one.covered))[:8])),
            "sends upper-case hex text where eight bytes", remedy="eight bytes", fix="send eight bytes",
            codes=("63",)),
    _1993("function-100", "sends the function code of an authorisation with a sale: 100",
          sale(lambda draft, _: draft.put(de24="100")), "DE 24 [^;]*is 100", remedy="200", fix="send 200",
          codes=("115",)),
    _1993("business-left-out", "leaves out DE 26", sale(lambda draft, _: draft.drop(26)), "DE 26 [^;]*missing",
          remedy="DE 26", fix="send the business code"),
    _1993("business-of-1987", "sends two digits in DE 26", sale(lambda draft, _: draft.raw(26, b"12")),
          "DE 26 [^;]*2 characters, and 4", r"^(?!.*DE 25)", remedy="4", fix="send the business code of four digits"),
    _1993("acquirer-left-out", "leaves out DE 32", sale(lambda draft, _: draft.drop(32)), "DE 32 [^;]*missing",
          remedy="DE 32", fix="send the acquirer"),
    _1993("sign-on-0800", "signs on with 0800", frame_of(lambda pos: replace(pos.network(), mti=b"0800")), "0800",
          "a sign-on but", remedy="1804", fix="send 1804", right=SIGN_ON, codes=("902",)),
    _1993("mti-2200", "sends the MTI of 2003: 2200", _as_mti(b"2200"), "2200", "version 2003", remedy="1200",
          fix="send 1200", codes=("902",)),
    _1993("mti-1100", "sends a sale as 1100", _as_mti(b"1100"), "1100", "sale but for its MTI", remedy="1200",
          fix="send 1200", codes=("115",)),
    _1993("reversal-without-original", "reverses without DE 56",
          frame_of(lambda pos: pos.sealed(replace(pos.unsealed_sale(de24="400"), mti=b"1420"))), "DE 56 [^;]*missing",
          remedy="DE 56", fix="name the sale in DE 56"),
    _dukpt("ksn-without-length", "sends the key serial number without its length",
           derived(lambda pos: pos.dukpt_sale().raw(53, pos.ksn())), "DE 53 [^;]*no length", remedy="length",
           fix="write 10 before it", codes=("30",)),
    _dukpt("ksn-half-bytes", "counts the half bytes of the key serial number: 20",
           derived(lambda pos: pos.dukpt_sale().raw(53, b"\x20" + pos.ksn())), r"DE 53 [^;]*\(20\) counts half bytes",
           remedy="bytes", fix="write 10 before it", codes=("30",)),
    _dukpt("counter-ahead", "makes the MAC under the key of the next counter",
           derived(lambda pos: pos.dukpt_sale(lambda one: one.derived(one.counter + 1).mak)), "MAK of counter 2 ",
           remedy="MAK[^;]*KSN", fix="send the KSN of the same transaction", never=("sign-on",)),
    _dukpt("mac-left-out", "sends a KSN, and no MAC", derived(lambda pos: replace(pos.dukpt_sale(), mac=None)),
           "DE 64 [^;]*missing[^;]*KSN", remedy="MAC", fix="send DE 64", never=("sign-on",)),
    _dukpt_pin("left-half", "encrypts the PIN under the first half of its key",
               dukpt_rows.pin_under(lambda keys, _: keys.pik[:8]), "first half of the PIK", remedy="both halves",
               fix="use all sixteen bytes"),
    _dukpt_pin("initial-key", "encrypts the PIN under the initial key",
               dukpt_rows.pin_under(lambda keys, _: keys.initial), "opens under the initial key", remedy="PIK[^;]*KSN",
               fix="derive a key for each transaction", never=("sign-on",)),
    _dukpt_pin("of-counter-ahead", "encrypts the PIN under the key of the next counter",
               dukpt_rows.pin_under(lambda _, pos: pos.derived(pos.counter + 1).pik), "PIK of counter 6",
               remedy="PIK[^;]*KSN", fix="use the key of the same transaction", never=("sign-on",)),
    _dukpt_pin("key-of-replies", "encrypts the PIN under the variant for MACs of replies",
               dukpt_rows.pin_under(lambda keys, _: keys.reply_mak), "opens under the MAK of the reply",
               remedy="PIK[^;]*KSN", fix="use the variant for PINs", never=("sign-on",)),
    _dukpt_pin("halves-swapped", "swaps the halves of the PIN key",
               dukpt_rows.pin_under(lambda keys, _: keys.pik[8:] + keys.pik[:8]), "PIK with its halves swapped",
               remedy="order", fix="keep the halves in their order"),
)  # fmt: skip
