"""More mistakes of all kinds: fields in another form, other numbers than those of the sale, keys taken otherwise."""

from __future__ import annotations

from collections.abc import Callable

from tests.mistakes import crypto
from tests.mistakes.field_rows import CHIP, SERIAL, chip_sale, sale, serial_sign_on
from tests.mistakes.key_rows import under, with_track_key
from tests.mistakes.mac_rows import by, over
from tests.mistakes.pin_rows import block
from tests.mistakes.pin_rows import under as pin_under
from tests.mistakes.pos import CARD, LONG_CARD, PIN, TRACK, Answer, Make, Pos
from tests.mistakes.row import Mistake, nothing, rows_of
from tests.mistakes.sale_rows import REFUND, REVERSAL, VOID, after_reversal, after_sale, after_void
from tests.mistakes.signature_rows import IMAGE, UPLOAD, image, upload
from tests.mistakes.track_rows import swiped
from tests.mistakes.wire import Draft, bcd

TYPE = "2200000100050"
MISREAD = "it is sent as ASCII characters"

_field = rows_of("encoding and fields", "field", codes=("30",), capture=True)
_signs_on = rows_of(
    "encoding and fields", "field", codes=("30",), capture=True, before=nothing, right=Pos.sign_on_request
)
_content = rows_of("encoding and fields", "content", codes=("30",), capture=True)
_mti = rows_of("encoding and fields", "content", codes=("40",), capture=True)
_mac = rows_of("keys and MAC", "mac", capture=True)
_pin = rows_of("PIN and track", "pin", codes=("99",), right=Pos.pin_sale, capture=True)
_track = rows_of("PIN and track", "track", codes=("30",), before=with_track_key, right=swiped())
_on = rows_of("sign-on", "sign-on", codes=("40",), before=nothing, right=Pos.sign_on_request, capture=True)
_reversal = rows_of("sale and reversal", "sale", right=REVERSAL, codes=("12",))
_void = rows_of("sale and reversal", "sale", right=VOID, codes=("30",))
_refund = rows_of("sale and reversal", "sale", right=REFUND, codes=("30",))
_signature = rows_of("signature", "signature", right=UPLOAD, codes=("30",))


def _as_text(de: int, name: str, digits: str, make: Callable[[Pos], Draft] = Pos.sale, length: bytes = b"") -> Mistake:
    """Return the row of a field that is written as characters where half bytes belong."""
    return _field(
        f"text-de{de}", f"writes {name} as characters", lambda pos: make(pos).raw(de, length + digits.encode()),
        rf"DE {de}\b[^;]*cause: {MISREAD}", remedy="BCD", fix=f"write DE {de} in BCD, two digits to a byte", right=make,
    )  # fmt: skip


def _length(id: str, title: str, make: Make, de: int, cause: str, remedy: str, fix: str, right: Make) -> Mistake:
    """Return the row of a field whose length is written otherwise."""
    before = nothing if right in (serial_sign_on, Pos.sign_on_request) else Pos.sign_on
    return _field(f"length-{id}", title, make, rf"DE {de} is the cause: {cause}", remedy=remedy, fix=fix,
                  right=right, before=before)  # fmt: skip


def _operator(wire: bytes) -> Make:
    return lambda pos: pos.sign_on_request().raw(63, wire)


def _as_mti(mti: bytes, change: Callable[[Pos], Draft] = Pos.sale) -> Make:
    return lambda pos: change(pos).with_(mti=mti)


def _mixed_track_keys(pos: Pos) -> Draft | bytes:
    previous = pos.keys.tdk
    pos.sign_on("004")
    return swiped(lambda _: previous)(pos)


def _void_reversed_as_sale(pos: Pos, sale: Draft, answer: Answer) -> Draft:
    void = pos.void(sale, answer)
    pos.approved(void)
    return pos.reversal(void, de3="000000")


def _reversed_refund(pos: Pos, sale: Draft, answer: Answer) -> Draft:
    refund = pos.refund(answer)
    pos.approved(refund)
    return pos.reversal(refund)


def _voids(**values: str) -> Make:
    return after_sale(lambda pos, sale, answer: pos.void(sale, answer, **values))


def _refunds(**values: str) -> Make:
    return after_sale(lambda pos, sale, answer: pos.refund(answer, **values))


ROWS: tuple[Mistake, ...] = (
    _as_text(2, "the card number", CARD, length=b"\x16"),
    _as_text(3, "the processing code", "000000"),
    _as_text(14, "the expiry date", "3012"),
    _as_text(22, "the entry mode", "012"),
    _as_text(25, "the condition code", "00"),
    _as_text(26, "the longest PIN", "12", Pos.pin_sale),
    _as_text(53, "the security control", "2600000000000000", Pos.pin_sale),
    _as_text(60, "DE 60", TYPE, length=b"\0\x13"),
    _length("pan-two-bytes", "writes the length of DE 2 in two bytes: 00 16", sale(lambda m: m.raw(2, b"\0\x16" + bcd(
        CARD))), 2, "its length is two bytes of BCD", "one byte", "write it in one byte: 16", Pos.sale),
    _length("type-text", "writes the length of DE 60 as three characters", sale(lambda m: m.raw(60, b"013" + bcd(
        TYPE))), 60, "its length is 3 ASCII digits", "two bytes", "write it in two bytes of BCD: 00 13", Pos.sale),
    _length("type-none", "sends DE 60 without its length", sale(lambda m: m.raw(60, bcd(TYPE))), 60,
            "there is no length", "write its length", "write 00 13 before it", Pos.sale),
    _length("operator-text", "writes the length of DE 63 as three characters", _operator(b"00301 "), 63,
            "its length is 3 ASCII digits", "two bytes", "write 00 03", Pos.sign_on_request),
    _length("operator-none", "sends DE 63 without its length", _operator(b"01 "), 63,
            "there is no length", "write its length", "write 00 03 before it", Pos.sign_on_request),
    _length("operator-binary", "writes the length of DE 63 in binary: 00 0A for ten characters",
            _operator(b"\0\x0a01        "), 63, "its length is two binary bytes", "BCD", "write 00 10",
            Pos.sign_on_request),
    _length("serial-none", "sends DE 62 without its length", lambda pos: pos.sign_on_request().raw(62, SERIAL), 62,
            "there is no length", "write its length", "write 00 25 before it", serial_sign_on),
    _length("serial-one-byte", "writes the length of DE 62 in one byte", lambda pos: pos.sign_on_request().raw(62,
            b"\x25" + SERIAL), 62, "its length is one byte of BCD", "two bytes", "write 00 25", serial_sign_on),
    _length("serial-half-bytes", "counts the half bytes of DE 62: 50 for 25 bytes", lambda pos: pos.sign_on_request()
            .raw(62, b"\0\x50" + SERIAL), 62, r"its length \(50\) counts half bytes", "count the bytes", "write 00 25",
            serial_sign_on),
    _field("stan-binary", "writes the STAN as a binary number: 00 00 1A", sale(lambda m: m.raw(11, b"\0\0\x1a")),
           r"DE 11 [^;]*binary number", remedy="BCD", fix="write DE 11 in BCD: 00 00 26"),
    _field("entry-mode-one-byte", "sends one byte of the entry mode", sale(lambda m: m.raw(22, b"\x12")),
           r"DE 22 [^;]*2 digits, and 3", remedy="3 digits", fix="send two bytes: 01 20"),
    _field("control-short", "sends four bytes of DE 53", lambda pos: pos.pin_sale().raw(53, b"\x26\0\0\0"),
           r"DE 53 [^;]*8 digits, and 16", remedy="16 digits", fix="send eight bytes", right=Pos.pin_sale),
    _field("chip-text", "sends the chip data as hexadecimal characters", lambda pos: chip_sale(pos).put(
           de55=crypto.hexadecimal(CHIP)), r"DE 55 is hexadecimal text",
           remedy="bytes themselves", fix="send the bytes", codes=("00",), right=chip_sale),
    _field("bitmap-bytes-reversed", "sends the bytes of the bitmap in reverse order", sale(lambda m: m.with_(
           bitmap=m.bits[::-1])), "bytes of the bitmap[^;]*reverse", remedy="first one first", fix="send bit 1 first"),
    _content("zero-byte", "ends the message with a zero byte, as C does", sale(lambda m: m.with_(tail=b"\0")),
             r"zero byte \(00\)[^;]*behind the message", remedy="leave out", fix="leave it out"),
    _content("year", "sends the year in DE 13: 2026", lambda pos: pos.sale(de12="120000", de13="2026"),
             r"DE 13 [^;]*\b2026 ", remedy="MMDD", fix="send month and day: 0310"),
    _content("minute", "sends minute 60", lambda pos: pos.sale(de12="126000", de13="0310"), r"DE 12 [^;]*\b126000 ",
             remedy="hhmmss", fix="send minutes up to 59"),
    _content("currency-letters", "sends the letters of the currency", lambda pos: pos.sale(de49="CNY"),
             r"DE 49 [^;]*CNY", remedy="156", fix="send its number: 156", codes=("12",)),
    _mti("balance", "asks for the balance with processing code 300000", lambda pos: pos.sale(de3="300000"),
         r"DE 3 [^;]*300000", remedy="000000", fix="send 310000 with type 01, or 000000 for a sale"),
    _mti("mti-0100", "sends a sale as 0100", _as_mti(b"\1\0"), r"\b0100 ", "a sale but for its MTI", remedy="0200",
         fix="send 0200"),
    _mti("mti-0220", "sends a sale as 0220", _as_mti(b"\2\x20"), r"\b0220 ", "a sale but for its MTI", remedy="0200",
         fix="send 0200"),
    _mti("mti-swapped", "swaps the bytes of the MTI", _as_mti(b"\0\2"), r"\b0002\b", "a sale but for its MTI",
         remedy="0200", fix="send 02 00", codes=("12",)),
    _mac("digits-0", "sends eight characters 0 as DE 64", by(lambda key, m: b"0" * 8), "holds only digits 0",
         remedy="MAC", fix="compute the MAC and put it in", codes=("A0",)),
    _mac("ff", "sends eight bytes FF as DE 64", by(lambda key, m: b"\xff" * 8), "holds bytes FF only", remedy="MAC",
         fix="compute the MAC and put it in", codes=("A0",)),
    _mac("mti-text", "writes the MTI as text in what the MAC covers", over(lambda m: b"0200" + m.bits + m.data),
         "its MTI as text", remedy="as they are sent", fix="let the MAC cover 02 00", codes=("A0",)),
    _mac("bitmap-text", "writes the bitmap as text before it makes the MAC",
         over(lambda m: m.mti + crypto.hexadecimal(m.bits) + m.data),
         "its bitmap as text", remedy="as they are sent", fix="let the MAC cover its eight bytes", codes=("A0",)),
    _mac("text-lower-case", "makes the MAC of the message's hexadecimal text in lower case",
         over(lambda m: m.covered.hex().encode()), "the MAB as hex text in lower case", remedy="bytes",
         fix="make the MAC of the bytes that are sent", codes=("A0",)),
    _mac("card-left-out", "leaves the card number out of the MAC", over(lambda m: m.mti + m.bits + m.drop(2).data),
         r"without DE 2\b", remedy="up to the MAC", fix="cover all fields", codes=("A0",)),
    _mac("tmk-zeros", "has a TMK of zeros", under(lambda pos: crypto.decrypt(bytes(16), pos.keys.wrapped["mak"])[:8]),
         "a TMK of zeros", "<TMK>", remedy="same TMK", fix="enter the TMK", codes=("A0",)),
    _pin("sixteen-digits", "combines the PIN with sixteen digits of the card", block(crypto.xor(crypto.pin_field(
         PIN), bytes.fromhex(CARD))), "sixteen digits of the card", remedy="twelve",
         fix="take twelve digits, behind four zeros"),
    _pin("pik-swapped", "swaps the halves of the PIK", pin_under(lambda pos: pos.keys.pik[8:] + pos.keys.pik[:8]),
         "the PIK with its halves swapped", remedy="order", fix="keep the halves in their order"),
    _pin("pik-encrypted", "encrypts the PIK of DE 62 instead of decrypting it",
         pin_under(lambda pos: crypto.encrypt(pos.tmk, pos.keys.wrapped["pik"])), "the PIK encrypted once more",
         remedy="decrypt it", fix="decrypt it under the TMK"),
    _pin("tmk-left", "decrypts the PIK under the left half of the TMK",
         pin_under(lambda pos: crypto.decrypt(pos.tmk[:8], pos.keys.wrapped["pik"])), "the PIK decrypted with half",
         remedy="whole TMK", fix="decrypt with all sixteen bytes of the TMK"),
    _pin("tmk-swapped", "decrypts the PIK under a TMK whose halves are swapped",
         pin_under(lambda pos: crypto.decrypt(pos.tmk[8:] + pos.tmk[:8], pos.keys.wrapped["pik"])),
         "the PIK decrypted with the halves of the TMK swapped", remedy="order", fix="load them in their order"),
    _track("expiry-swapped", "writes the month of the track's expiry date first", lambda pos: pos.swipe(
           track=TRACK.replace("D3012", "D1230")), r"DE 35 [^;]*month 30", remedy="YYMM", fix="write the year first",
           right=Pos.swipe, capture=True),
    _track("under-mak", "encrypts the track under the MAK", swiped(lambda pos: pos.keys.mak), "opens under the MAK",
           remedy="TDK", fix="encrypt under the TDK", capture=True),
    _track("under-previous", "encrypts the track under the TDK from before the last sign-on", _mixed_track_keys,
           "previous TDK", remedy="same sign-on", fix="use the keys of the last sign-on together"),
    _on("function-000", "asks for key package 000", lambda pos: pos.sign_on_request("000"), r"DE 60 [^;]*is 000",
        remedy="003", fix="ask for 003"),
    _on("as-0200", "signs on with 0200", _as_mti(b"\2\0", Pos.sign_on_request), r"\b0200 ", "a sign-on but",
        remedy="0800", fix="send 0800"),
    _on("echo-as-0800", "sends an echo test as 0800", _as_mti(b"\x08\0", Pos.echo), r"\b0800 ", "an echo test but",
        remedy="0820", fix="send 0820", right=Pos.echo),
    _reversal("reversal-card", "reverses with another card", after_sale(lambda pos, sale, _: pos.reversal(sale,
              de2=LONG_CARD)), r"card 621234\S* in the sale, 620550\S* in the reversal", remedy="of the sale",
              fix="repeat DE 2 of the sale"),
    _reversal("reversal-code", "reverses a sale with processing code 200000", after_sale(lambda pos, sale, _:
              pos.reversal(sale, de3="200000")), "processing code 000000 in the sale, 200000", remedy="of the sale",
              fix="repeat DE 3 of the sale"),
    _reversal("reversal-of-void", "reverses a void with the processing code of its sale", after_sale(
              _void_reversed_as_sale), "processing code 200000 in the void, 000000", remedy="of the void",
              fix="repeat DE 3 of the void"),
    _reversal("reversal-of-refund", "reverses a refund", after_sale(_reversed_refund), "refund[^;]*never reversed",
              remedy="again", fix="repeat the refund", codes=("40",)),
    _void("void-without-rrn", "leaves out DE 37 in a void", after_sale(lambda pos, sale, answer: pos.void(sale, answer)
          .drop(37)), r"DE 37 [^;]*missing; a void", remedy="DE 37", fix="send DE 37 of the reply to the sale"),
    _void("void-without-original", "leaves out DE 61 in a void", after_sale(lambda pos, sale, answer: pos.void(sale,
          answer).drop(61)), r"DE 61 [^;]*missing; a void", remedy="DE 61", fix="send batch and STAN of the sale"),
    _void("void-stan-alone", "sends the STAN alone in DE 61", _voids(de61="000002"), "DE 61 has 6 digits",
          remedy="send 12", fix="send the batch before it"),
    _void("void-code", "voids with processing code 020000", _voids(de3="020000"), r"DE 3 [^;]*020000",
          remedy="200000", fix="send 200000", codes=("40",)),
    _void("void-stan-of-sale", "voids under the STAN of the sale", _voids(de11="000002"), "kind sale then, void now",
          remedy="anew", fix="give the void a STAN of its own", codes=("94",)),
    _void("void-as-0220", "sends a void as 0220", after_sale(lambda pos, sale, answer: pos.void(sale, answer).with_(
          mti=b"\2\x20")), r"\b0220 ", "a void but", "^(?!.*25 in DE 60)", remedy="0200", fix="send 0200",
          codes=("40",)),
    _refund("refund-without-rrn", "leaves out DE 37 in a refund", after_sale(lambda pos, sale, answer: pos.refund(
            answer).drop(37)), r"DE 37 [^;]*missing; a refund", remedy="DE 37", fix="send DE 37 of the sale's reply"),
    _refund("refund-without-date", "leaves out DE 61 in a refund", after_sale(lambda pos, sale, answer: pos.refund(
            answer).drop(61)), r"DE 61 [^;]*missing; a refund", remedy="DE 61", fix="send the date in DE 61"),
    _refund("refund-date-alone", "sends the date alone in DE 61", _refunds(de61="0310"), "DE 61 has 4 digits",
            remedy="send 16, with zeros", fix="send twelve zeros before it"),
    _refund("refund-day-first", "writes the day of the sale before its month", _refunds(de61=f"{'0' * 12}1003"),
            "says 1003", remedy="0310", fix="write the month first: 0310", codes=("25",)),
    _refund("refund-of-voided", "refunds a sale that was voided", after_void(lambda pos, sale, answer: pos.refund(
            answer)), "voided already: it cannot be refunded", remedy="money is due", fix="nothing: it is voided",
            codes=("25",)),
    _refund("refund-of-reversed", "refunds a sale that was reversed", after_reversal(lambda pos, sale, answer:
            pos.refund(answer)), "was reversed at [^;]*cannot be refunded", remedy="money is due",
            fix="nothing: no money moved", codes=("25",)),
    _signature("jpeg", "sends a JPEG", image(b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(range(200))), "but JPEG",
               remedy="JBIG1", fix="send JBIG1 (T.82)"),
    _signature("gif", "sends a GIF", image(b"GIF89a" + bytes(range(200))), "but GIF", remedy="JBIG1",
               fix="send JBIG1 (T.82)"),
    _signature("jbig2", "sends JBIG2", image(bytes.fromhex("974A42320D0A1A0A0100000001") + bytes(200)), "but JBIG2",
               remedy="JBIG1", fix="send JBIG1 (T.82)"),
    _signature("half-bytes", "counts the half bytes of the image", upload(lambda m: m.raw(62, bytes.fromhex(
               f"{2 * len(IMAGE):04}") + IMAGE)), r"DE 62 [^;]*\(328\) counts half bytes", remedy="count the bytes",
               fix="count bytes"),
    _signature("date", "signs with another date than the sale's", upload(lambda m: m.put(de15="0309")),
               "settlement date 0310 in the sale, 0309", remedy="what the sale had", fix="send DE 15 of the reply",
               codes=("00",)),
    _signature("card", "signs with another card than the sale's", upload(lambda m: m.put(de2=LONG_CARD)),
               r"card number 621234\S* in the sale, 620550", remedy="what the sale had", fix="send DE 2 of the sale",
               codes=("00",)),
    _signature("voided", "signs a sale that was voided", after_void(lambda pos, sale, answer: pos.signature(sale,
               answer, IMAGE)), "the sale was voided", remedy="none for it", fix="drop it with the sale",
               codes=("00",)),
)  # fmt: skip
