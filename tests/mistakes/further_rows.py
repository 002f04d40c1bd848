"""Further mistakes, each of which was once answered with a sentence that was untrue, or with none at all."""

from __future__ import annotations

from collections.abc import Callable

from tests.mistakes import crypto
from tests.mistakes.field_rows import SERIAL, sale, serial_sign_on
from tests.mistakes.key_rows import SM4, sm4_keys, under
from tests.mistakes.mac_rows import by, over
from tests.mistakes.pin_rows import under as pin_under
from tests.mistakes.pos import CARD, MID, PIN, TRACK, Make, Pos
from tests.mistakes.row import Mistake, nothing, rows_of
from tests.mistakes.sale_rows import REFUND, REVERSAL, VOID, after_sale
from tests.mistakes.signature_rows import IMAGE, UPLOAD, image, sized
from tests.mistakes.wire import HEAD, TPDU, Draft, bcd

_field = rows_of("encoding and fields", "field", codes=("30",), capture=True)
_framing = rows_of("framing", "framing", codes=("",), capture=True)
_key = rows_of("keys and MAC", "key", codes=("A0",), capture=True)
_mac = rows_of("keys and MAC", "mac", codes=("A0",), capture=True)
_pin = rows_of("PIN and track", "pin", codes=("99",), right=Pos.pin_sale, capture=True)
_batch = rows_of("encoding and fields", "content", codes=("77",))
_track = rows_of("PIN and track", "track", codes=("30",), right=Pos.swipe, capture=True)
_noted = rows_of("encoding and fields", "noted", codes=("00",), capture=True)
_card = rows_of("PIN and track", "track", codes=("00",), right=Pos.swipe, capture=True)
_on = rows_of("sign-on", "sign-on", codes=("00",), before=nothing, right=Pos.sign_on_request, capture=True)
_undone = rows_of("sale and reversal", "sale", codes=("00",), right=REVERSAL)
_refund = rows_of("sale and reversal", "sale", right=REFUND, codes=("40",))
_void = rows_of("sale and reversal", "sale", right=VOID, codes=("25",))
_signature = rows_of("signature", "signature", right=UPLOAD, codes=("30",))


def _serial(id: str, title: str, serial: bytes, cause: str, remedy: str, fix: str) -> Mistake:
    """Return the row of a sign-on with another serial number."""
    return _on(
        id,
        title,
        lambda pos: pos.sign_on_request().put(de62=serial),
        cause,
        remedy=remedy,
        fix=fix,
        right=serial_sign_on,
    )


def _whole(draft: Draft, covered: bytes, mac: bytes) -> bytes:
    """Return the frame of a message whose fields are given as bytes."""
    message = draft.tpdu + draft.head + covered + mac
    return len(message).to_bytes(2) + message


def in_order(change: Callable[[list[int]], list[int]]) -> Make:
    """Return a maker of sales whose fields stand in another order; the MAC covers them so."""

    def make(pos: Pos) -> bytes:
        sale = pos.sale()
        data = b"".join(sale.fields[de] for de in change(sorted(sale.fields)))
        covered = sale.mti + sale.bits + data
        return _whole(sale, covered, crypto.unionpay_mac(pos.keys.mak, covered))

    return make


def _behind(de: int) -> Make:
    return in_order(lambda des: [*(one for one in des if one != de), de])


def _exchanged(one: int, other: int) -> Make:
    to = {one: other, other: one}
    return in_order(lambda des: [to.get(de, de) for de in des])


def _filled_before_mac(filling: bytes) -> Make:
    def make(pos: Pos) -> bytes:
        sale = pos.sale()
        covered = sale.covered + filling * (-len(sale.covered) % 8)
        return _whole(sale, covered, crypto.unionpay_mac(pos.keys.mak, covered))

    return make


def _cut(size: int) -> Make:
    return lambda pos: pos.sale().frame[:size]


def unwrapped(tmk: Callable[[bytes], bytes]) -> Make:
    """Return a sale whose MAK was decrypted with another form of the TMK."""
    return under(lambda pos: crypto.decrypt(tmk(pos.tmk), pos.keys.wrapped["mak"])[:8])


def at_place(off: int) -> Make:
    """Return a sale whose MAK was taken so many bytes from its place in DE 62."""

    def key(pos: Pos) -> bytes:
        keys = pos.keys
        check = bytes.fromhex(crypto.check_value(keys.pik))
        package = keys.wrapped["pik"] + check + keys.wrapped["mak"]
        return crypto.decrypt(pos.tmk, package[20 + off : 28 + off])

    return under(key)


def _at_noon(pos: Pos) -> Draft:
    """Return a sale that says when it is made."""
    return pos.sale(de12="120000", de13="0310")


def _timed(de: int, digits: str) -> Make:
    """Return a sale whose date or time has other digits."""
    return lambda pos: _at_noon(pos).raw(de, bytes.fromhex(digits))


def _of_other_sale(pos: Pos) -> Draft:
    """Return the upload of a sale's signature, under the STAN of the sale after it."""
    signed = pos.sale()
    answer = pos.approved(signed)
    other = pos.sale()
    pos.approved(other)
    return pos.signature(signed, answer, IMAGE, de11=other.stan)


def _sm4_mac(sale: Draft, pos: Pos) -> Draft:
    return sale.sealed(lambda message: crypto.unionpay_mac(pos.keys.mak, message.covered, crypto.SM))


def _pin_under_sm4(block: Callable[[Pos], bytes]) -> Make:
    return lambda pos: _sm4_mac(pos.pin_sale(block(pos)), pos)


def _wide_block(pos: Pos) -> bytes:
    return crypto.encrypt(pos.keys.pik, crypto.pin_block(PIN, CARD) + bytes(8), crypto.SM)


ROWS: tuple[Mistake, ...] = (
    _field("order", "sends DE 3 before DE 2", _exchanged(2, 3), "out of order: it reads with DE 3 before DE 2",
           remedy="order of their numbers", fix="send DE 2 first"),
    _field("order-exchanged", "exchanges the places of DE 22 and DE 25", _exchanged(22, 25),
           "out of order: it reads with DE 25 before DE 22", remedy="order of their numbers", fix="send DE 22 first"),
    _field("order-last", "puts the STAN in behind all other fields", _behind(11), "out of order: it reads with",
           "DE 14 before DE 11", remedy="order of their numbers", fix="sort the fields by their numbers"),
    _field("filled-before-mac", "fills the message up with zeros before DE 64", _filled_before_mac(b"\0"),
           "zeros stand before DE 64, 1 byte", remedy="out of the message", fix="fill up what the MAC covers only"),
    _field("blanks-before-mac", "fills the message up with blanks before DE 64", _filled_before_mac(b" "),
           "blanks stand before DE 64, 1 byte", remedy="out of the message", fix="fill up what the MAC covers only"),
    _field("time-short", "leaves out the seconds in DE 12", _timed(12, "1200"),
           "DE 12 is most likely the cause: it looks like hhmm,", remedy="send hhmmss", fix="send the seconds",
           right=_at_noon),
    _field("date-year", "sends the year in DE 13: 2026 0310", _timed(13, "20260310"),
           "DE 13 is most likely the cause: it looks like YYYYMMDD, has 8 digits", remedy="send MMDD",
           fix="send month and day", right=_at_noon),
    _field("time-date", "sends date and time in DE 12", _timed(12, "20260310120000"),
           "DE 12 is most likely the cause: it looks like YYYYMMDDhhmmss,", remedy="send hhmmss",
           fix="send the time alone", right=_at_noon),
    _field("expiry-century", "sends the century in DE 14: 2030 12", sale(lambda m: m.raw(14, b"\x20\x30\x12")),
           "DE 14 is most likely the cause: it looks like YYYYMM,", remedy="send YYMM", fix="send 3012"),
    _field("expiry-day", "sends a day in DE 14", sale(lambda m: m.raw(14, b"\x30\x12\x31")),
           "DE 14 is most likely the cause: it looks like YYMMDD,", remedy="send YYMM", fix="send 3012"),
    _field("length-turned", "writes the low byte of the length of DE 60 first", sale(lambda m: m.raw(60,
           b"\x13\0" + bcd("2200000100050"))), "DE 60 is the cause: its length has its low byte first",
           remedy="write 13 in BCD", fix="write 00 13"),
    _field("length-turned-binary", "writes the length of DE 62 in binary, its low byte first",
           lambda pos: pos.sign_on_request().raw(62, b"\x19\0" + SERIAL),
           "DE 62 is the cause: its length is binary, its low byte first", remedy="write 25 in BCD", fix="write 00 25",
           right=serial_sign_on, before=nothing),
    _field("length-digits-turned", "exchanges the half bytes of the length of DE 2", sale(lambda m: m.raw(2,
           b"\x61" + bcd(CARD))), "DE 2 is the cause: the half bytes of its length", remedy="write 16", fix="write 16"),
    _field("bitmap-of-7", "sends seven bytes of bitmap", sale(lambda m: m.with_(bitmap=m.bits[:7])),
           "bitmap has 7 bytes: its last byte is missing", remedy="send 8", fix="send eight bytes"),
    _field("bitmap-without-first", "sends the bitmap without its first byte",
           sale(lambda m: m.with_(bitmap=m.bits[1:])), "bitmap has 7 bytes: its first byte is missing", remedy="send 8",
           fix="send eight bytes"),
    _field("bitmap-of-bits", "sends the bitmap as 64 digits",
           sale(lambda m: m.with_(bitmap=f"{int.from_bytes(m.bits):064b}".encode())), "64 characters, one for each bit",
           remedy="eight bytes", fix="send eight bytes"),
    _field("merchant-zero-byte", "ends DE 42 with a zero byte, as C does", lambda pos: pos.sale().raw(42,
           MID.encode()[:14] + b"\0"), "belongs to merchant", "ends with a zero byte", remedy="blanks on the right",
           fix="fill DE 42 up with blanks", codes=("03",)),
    _batch("batch-of-stan", "sends the STAN in the place of the batch",
           lambda pos: pos.sale(de60=f"22{pos.stan + 1:06}00050"), "says batch 000002", "what DE 11 [^;]*says",
           remedy="send the batch there", fix="send the batch in DE 60"),
    _batch("batch-and-stan", "exchanges batch and STAN", lambda pos: pos.sale(de11=pos.batch,
           de60=f"22{pos.stan + 1:06}" "00050"), "batch and STAN look exchanged", "host has batch",
           remedy="each in its place", fix="send the STAN in DE 11, the batch in DE 60"),
    _track("separator-e", "sends E as the separator of the track", lambda pos: pos.swipe(track=TRACK.replace("D", "E")),
           "an E stands behind the card number", remedy="send D", fix="send D"),
    _track("separator-0", "sends 0 as the separator of the track", lambda pos: pos.swipe(track=TRACK.replace("D", "0")),
           "a 0 stands behind the card number", remedy="send D", fix="send D"),
    _track("lrc", "sends the end sentinel and the check character of the track",
           lambda pos: pos.swipe(track=f"{CARD}D301212200000012F7"), r"end sentinel \(F\)", "LRC",
           remedy="leave it out", fix="send what stands before the end sentinel"),
    _noted("amount-blanks", "fills the amount with blanks: 20 20 20 20 12 34", sale(lambda m: m.raw(4,
           b"    \x12\x34")), "amount: DE 4 [^;]*bytes 20 look like blanks", remedy="zeros on the left",
           fix="fill the amount up with zeros"),
    _noted("amount-left", "writes the digits of the amount on the left", sale(lambda m: m.raw(4, b"\x12\x34\0\0\0\0")),
           "amount: DE 4 [^;]*as if its digits stood on the left", remedy="digits|right",
           fix="write them on the right"),
    _noted("amount-characters", "writes six characters as the amount", sale(lambda m: m.raw(4, b"001234")),
           "amount: DE 4 [^;]*bytes look like characters", remedy="two to a byte", fix="write twelve digits in BCD"),
    _noted("entry-mode-000", "sends entry mode 000", lambda pos: pos.sale(de22="000"), "entry-mode: DE 22 [^;]*is 000",
           remedy="012", fix="say how the card was read"),
    _noted("entry-mode-999", "sends entry mode 999", lambda pos: pos.sale(de22="999"),
           "entry-mode: DE 22 [^;]*99 in it is not known", remedy="012", fix="say how the card was read"),
    _noted("tpdu-odd", "sends a TPDU of zeros", lambda pos: pos.sale().with_(tpdu=bytes(5)),
           "envelope: the TPDU begins with 00", remedy="6000030000", fix="begin the TPDU with 60"),
    _noted("head-odd", "sends a head of zeros", lambda pos: pos.sale().with_(head=bytes(6)),
           "envelope: the head begins with 00", remedy="603100310000", fix="send the head of your application"),
    _noted("head-first", "sends the head before the TPDU", lambda pos: pos.sale().with_(tpdu=HEAD[:5],
           head=HEAD[5:] + TPDU), "envelope: the head seems to stand before", remedy="TPDU first",
           fix="send the TPDU, then the head"),
    _noted("control-without-pin", "says in DE 53 that a PIN comes, and sends none",
           lambda pos: pos.sale(de53="2600000000000000"), r"no-pin: DE 53 \(security control\) begins with 2",
           remedy="or 0 there", fix="send 0 in DE 53, or no DE 53"),
    _noted("capture-without-pin", "says in DE 26 how long a PIN may be, and sends none",
           lambda pos: pos.sale(de26="12"), "no-pin: DE 26 [^;]*missing", remedy="leave DE 26 out",
           fix="leave DE 26 out"),
    _card("expiry-of-another", "sends another expiry than the track's", lambda pos: pos.swipe(de14="2912"),
          "expiry: DE 14 [^;]*another one than the expiry in DE 35", remedy="of the track", fix="leave DE 14 out"),
    _serial("serial-alone", "sends the serial number without what stands before it", b"306099999906",
            "serial: DE 62 does not begin with", remedy="'Sequence No'", fix="begin with Sequence No and 12"),
    _serial("serial-cut", "sends what stands before a serial number, and none", b"Sequence No",
            "serial: DE 62 has no number", remedy="two digits", fix="send the number of characters and the serial"),
    _on("operator-letters", "signs on with letters as the operator", lambda pos: pos.sign_on_request().put(de63="AB "),
        "odd-operator: DE 63 ", remedy="send them, and a blank", fix="send two digits and a blank"),
    _framing("cut-in-a-field", "closes the connection within DE 42", _cut(60), "DE 42 is cut", "says 90 bytes, and 58",
             remedy="rest before the connection ends", fix="send the whole frame"),
    _framing("cut-in-the-head", "closes the connection before the MTI", _cut(12), "12 bytes of a frame came",
             "says 90 bytes, and 10", remedy="rest before the connection ends", fix="send the whole frame",
             capture=False),
    _mac("fold-of-ff", "begins the fold with bytes FF", by(lambda key, m: crypto.unionpay_mac(key,
         b"\xff" * 8 + m.covered)), "or begins its fold with bytes FF", remedy="fold with zeros",
         fix="begin with zeros", same_as=("mac-itself-ff",)),
    _mac("itself-ff", "lets the MAC cover DE 64, filled with bytes FF", over(lambda m: m.covered + b"\xff" * 8),
         "MAC's own place too, filled with bytes FF", remedy="MAC out", fix="end before DE 64",
         same_as=("mac-fold-of-ff",)),
    _mac("fold-of-ff-sm4", "begins the fold of SM4 with bytes FF",
         lambda pos: pos.sale().sealed(lambda m: crypto.unionpay_mac(pos.keys.mak, b"\xff" * 16 + m.covered,
         crypto.SM)), "terminal begins its fold with bytes FF", remedy="fold with zeros", fix="begin with zeros",
         before=sm4_keys, right=lambda pos: _sm4_mac(pos.sale(), pos), terminal=SM4),
    _key("pik-right", "makes the MAC under the right half of the PIK", under(lambda pos: pos.keys.pik[8:]),
         "under the second half of the PIK", remedy="use the MAK", fix="use the MAK, the second key of DE 62"),
    _key("tmk-right", "decrypts the MAK under the right half of the TMK", unwrapped(lambda tmk: tmk[8:]),
         "decrypts with the second half of its TMK", remedy="whole TMK", fix="decrypt with all sixteen bytes"),
    _key("tmk-reversed", "reverses the bytes of the TMK", unwrapped(lambda tmk: tmk[::-1]),
         "reverses the bytes of its TMK", remedy="bytes in their order", fix="enter the TMK as it was given"),
    _key("tmk-text", "takes the characters of the TMK for its bytes", unwrapped(lambda tmk: crypto.hexadecimal(tmk)[
         :16]), "takes the hexadecimal text of its TMK", remedy="whole TMK", fix="turn the digits into bytes"),
    _key("check-value-first", "forgets that a check value stands behind the PIK", at_place(-4),
         "MAK 4 bytes before its place", remedy="behind the check value", fix="begin at byte 21 of DE 62"),
    _key("check-value-of-three", "takes check values of three bytes for granted", at_place(-1),
         "MAK 1 byte before its place", remedy="behind the check value", fix="begin at byte 21 of DE 62"),
    _key("check-value-twice", "skips the check value of the PIK twice", at_place(4), "MAK 4 bytes behind its place",
         remedy="behind the check value", fix="begin at byte 21 of DE 62"),
    _key("pik-of-eight", "takes a PIK of eight bytes for granted", at_place(-8), "MAK 8 bytes before its place",
         remedy="behind the check value", fix="begin at byte 21 of DE 62"),
    _key("mak-text", "takes the characters of the MAK for its bytes",
         under(lambda pos: crypto.hexadecimal(pos.keys.mak)[:8]), "takes 8 characters of its MAK's hexadecimal text",
         remedy="use the bytes", fix="turn the digits into bytes"),
    _key("mak-reversed", "reverses the bytes of the MAK", under(lambda pos: pos.keys.mak[::-1]),
         "reverses the bytes of its MAK", remedy="bytes in their order", fix="keep the bytes in their order"),
    _mac("third-encryption", "encrypts the result of the second step once more", by(lambda key,
         m: crypto.hexadecimal(crypto.encrypt(key, crypto.fold_result(key, m.covered)))[:8]),
         "result of the second step once more", remedy="encrypt twice", fix="stop after the second encryption"),
    _mac("characters-5-to-12", "sends characters 5 to 12 of the result", by(lambda key,
         m: crypto.hexadecimal(crypto.fold_result(key, m.covered))[4:12]), "sends characters 5 to 12 of the hex text",
         remedy="first eight characters", fix="send the first eight"),
    _pin("pik-reversed", "reverses the bytes of the PIK", pin_under(lambda pos: pos.keys.pik[::-1]),
         "opens under the PIK reversed", remedy="bytes in their order", fix="keep the bytes in their order"),
    _pin("pik-text", "takes the characters of the PIK for its bytes",
         pin_under(lambda pos: crypto.hexadecimal(pos.keys.pik)[:16]), "opens under the PIK as text",
         remedy="use the bytes", fix="turn the digits into bytes"),
    _pin("tmk-right", "decrypts the PIK under the right half of the TMK",
         pin_under(lambda pos: crypto.decrypt(pos.tmk[8:], pos.keys.wrapped["pik"])),
         "PIK decrypted with the second half of the TMK", remedy="whole TMK", fix="decrypt with all sixteen bytes"),
    _pin("tmk-reversed", "decrypts the PIK under the TMK with its bytes reversed",
         pin_under(lambda pos: crypto.decrypt(pos.tmk[::-1], pos.keys.wrapped["pik"])),
         "PIK decrypted with the TMK reversed", remedy="bytes in their order", fix="enter the TMK as it was given"),
    _pin("sm4-key", "encrypts the PIN by 3DES under a PIK for SM4",
         _pin_under_sm4(lambda pos: crypto.encrypt(pos.keys.pik, crypto.pin_block(PIN, CARD))),
         "SM4 PIK has 16 bytes, and DE 52 of unionpay-pos has 8", remedy="keys whose blocks fit|unionpay-pos-sm4",
         fix="ask for 003, or serve unionpay-pos-sm4", before=sm4_keys, right=lambda pos: _sm4_mac(pos.sale(), pos),
         terminal=SM4, never=("compare its KCV", "compute it by SM4")),
    _pin("sm4-block", "sends a block of sixteen bytes under a PIK for SM4", _pin_under_sm4(_wide_block),
         "DE 52 is the cause: it has 16 bytes, and 8", remedy="keys for 3DES, or another dialect", codes=("30",),
         fix="ask for 003, or serve unionpay-pos-sm4", before=sm4_keys, right=lambda pos: _sm4_mac(pos.sale(), pos),
         terminal=SM4),
    _refund("refund-type-23", "sends the type of a void with a refund: 23", after_sale(lambda pos, _,
            answer: pos.refund(answer, de60=f"23{pos.batch}00050")), r"DE 60 [^;]*is 23; send 25[^;]*refund \(0220\)",
            "this is a void but for its MTI", remedy="25 in DE 60", fix="send type 25"),
    _refund("refund-as-void", "sends a refund as 0200 with the type of a void", after_sale(lambda pos, _,
            answer: pos.refund(answer, "0200", de60=f"23{pos.batch}00050")),
            "names a date and no STAN, as a refund does", remedy="as a refund", fix="send 0220 with type 25",
            codes=("25",)),
    _undone("stan-kept", "sells twice under one STAN, for the same amount", after_sale(lambda pos, sale,
            _: pos.sale(de11=sale.stan)), "repeat: STAN 000002", "so this is no new sale", remedy="count the STAN up",
            fix="count the STAN up", right=Pos.sale),
    _undone("reversal-currency", "reverses with another currency", after_sale(lambda pos, sale, _: pos.reversal(sale,
            de49="840")), "reversed: [^\n]*\noriginal-differs: DE 49 [^;]*is 840, and 156", remedy="repeat 156",
            fix="repeat DE 49 of the sale"),
    _undone("reversal-rrn", "reverses with another reference number", after_sale(lambda pos, sale, _: pos.reversal(sale,
            de37="999999999999")), "reversed: [^\n]*\noriginal-differs: DE 37 [^;]*is 999999999999", remedy="repeat 0",
            fix="send DE 37 of the reply, or none"),
    _undone("void-rrn", "voids with another reference number", after_sale(lambda pos, sale, answer: pos.void(sale,
            answer, de37="999999999999")), "voided: [^\n]*\noriginal-differs: DE 37 [^;]*is 999999999999",
            remedy="repeat 0", fix="send DE 37 of the reply to the sale", right=VOID),
    _void("void-as-0400", "sends a void as 0400", after_sale(lambda pos, sale, answer: pos.void(sale,
          answer).with_(mti=b"\4\0")), "nothing to reverse", "it is the void of the one with STAN 000002",
          remedy="send 0200", fix="send 0200"),
    _void("void-61-exchanged", "exchanges batch and STAN in DE 61", after_sale(lambda pos, sale, answer: pos.void(sale,
          answer, de61=f"{sale.stan}{pos.batch}")), "batch and STAN look exchanged, the batch comes first",
          remedy="put there batch and STAN", fix="send the batch, then the STAN"),
    _signature("batch-and-stan", "exchanges batch and STAN in the upload", after_sale(lambda pos, sale,
               answer: pos.signature(sale, answer, IMAGE, de60=f"07{sale.stan}800", de11=pos.batch)),
               "there is no sale", "batch 000001 is open, so batch and STAN look exchanged", remedy="each in its place",
               fix="send the STAN in DE 11, the batch in DE 60", codes=("25",)),
    _signature("other-sale", "uploads a signature under the STAN of another sale", _of_other_sale,
               r"rrn-differs: reference number \d+ in the sale, \d+ in the upload", remedy="STAN of the sale that has",
               fix="send the STAN of the sale that was signed", codes=("00",), same_as=("signature-rrn",)),
    _signature("size-exchanged", "writes the height of the image before its width", image(sized(80, 240)),
               "80 × 240 pixels", "whole as 240 × 80: width and height are exchanged", remedy="the width first",
               fix="write width, then height", never=("cut off", "lacks", "part of another image")),
)  # fmt: skip
