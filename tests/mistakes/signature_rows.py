"""Mistakes of electronic signatures: whose they are, and what their image is."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from acquirer.signature.bitmap import Bitmap
from acquirer.signature.image_checks import inverted
from acquirer.signature.jbig_encoder import encode_jbig
from acquirer.signature.pen import draw_signature
from acquirer.signature.png import encode_png
from tests.mistakes.pos import Answer, Make, Pos
from tests.mistakes.row import rows_of
from tests.mistakes.sale_rows import after_reversal, after_sale
from tests.mistakes.wire import Draft

PICTURE = draw_signature("Ann", seed=1)
IMAGE = encode_jbig(PICTURE)
BMP = b"BM" + (62 + 2400).to_bytes(4, "little") + bytes(4) + (62).to_bytes(4, "little")

UPLOAD = after_sale(lambda pos, sale, answer: pos.signature(sale, answer, IMAGE))

_row = rows_of("signature", "signature", right=UPLOAD, capture=False)


def upload(change: Callable[[Draft], Draft], image: bytes = IMAGE) -> Make:
    """Return an upload with something changed."""
    return after_sale(lambda pos, sale, answer: change(pos.signature(sale, answer, image)))


def image(data: bytes) -> Make:
    """Return the upload of another image."""
    return upload(lambda draft: draft, data)


def sized(width: int, height: int) -> bytes:
    return IMAGE[:4] + width.to_bytes(4, "big") + height.to_bytes(4, "big") + IMAGE[12:]


def _again(pos: Pos, sale: Draft, answer: Answer) -> Draft:
    pos.approved(pos.signature(sale, answer, IMAGE))
    return pos.signature(sale, answer, IMAGE)


def _second_part(pos: Pos, sale: Draft, answer: Answer) -> Draft:
    return pos.signature(sale, answer, IMAGE[100:], de60=f"08{pos.batch}8029")


def _declined(pos: Pos) -> Draft:
    """Sign a sale that was refused."""
    sale = pos.sale(de2="6216261000000000018", de14="2012")
    refused = pos.send(sale)
    return pos.signature(sale, refused, IMAGE, de15="0310", de37=refused.rrn)


IMAGES = ("30",)

ROWS = (
    _row("no-sale", "signs a sale that there is not", upload(lambda draft: draft.put(de11="000888")), r"000888",
         r"STAN|sale|transaction", remedy=r"STAN|sale|DE ?11",
         fix="send the STAN and batch of the sale", codes=("25",)),
    _row("amount", "signs another amount than the sale's", upload(lambda draft: draft.put(de4="000000004321")),
         r"43\.21|4321", r"12\.34|1234", r"sign", remedy=r"amount|DE ?4|12\.34|sale",
         fix="send the amount of the sale", codes=("25",)),
    _row("batch", "signs in another batch than the sale's", upload(lambda draft: draft.put(de60="07000004800")),
         r"batch", r"000004", r"000001", remedy=r"batch|DE ?60|60\.2|sale",
         fix="send the batch of the sale, not the current one", codes=("25",)),
    _row("rrn", "signs with another reference number than the sale's",
         upload(lambda draft: draft.put(de37="000000999999")),
         r"rrn-differs: reference number \d+ in the sale, \d+ in the upload", remedy=r"what the sale had",
         fix="send DE 37 of the reply to the sale", codes=("25", "00"), same_as=("signature-other-sale",)),
    _row("reversed", "signs a sale that was reversed", after_reversal(lambda pos, sale, answer: pos.signature(sale,
         answer, IMAGE)), r"reversed", r"sign", remedy=r"sign|sale|image|upload",
         fix="drop the signature with the sale", codes=("25", "00")),
    _row("declined", "signs a sale that was refused", _declined, r"(declined|refused|not approved)",
         r"\b54\b|expired|code|answer", r"sign", remedy=r"sign|sale|image|upload",
         fix="ask for a signature only after an approval", codes=("25", "00")),
    _row("again", "uploads the same signature twice", after_sale(_again), r"(same|again|already)", r"sign|image",
         r"^(?!.*(reversed|declined))", remedy=r"success|94|upload|done|image|delete|it\b|success",
         fix="take 94 as success", codes=("94",)),
    _row("cut-off", "cuts the image off", image(IMAGE[: len(IMAGE) // 2]),
         r"cut off|truncated|ends (early|before|too|at byte)|incomplete|stops", r"image|JBIG|line|stripe",
         remedy=r"image|whole|bytes|FF ?02",
         fix="send the whole image, up to its last FF 02", codes=IMAGES),
    _row("png", "sends a PNG", image(encode_png(PICTURE)), r"\bPNG\b", remedy=r"JBIG", fix="send JBIG1 (T.82)",
         codes=IMAGES),
    _row("bmp", "sends a BMP", image(BMP + PICTURE.data[:800]), r"\bBMP\b|bitmap file", remedy=r"JBIG",
         fix="send JBIG1 (T.82)", codes=IMAGES),
    _row("hex", "sends the image as hexadecimal text", image(IMAGE.hex().upper().encode()), r"as hexadecimal text",
         remedy=r"bytes themselves", fix="send the bytes themselves", codes=IMAGES),
    _row("base64", "sends the image as base64", image(b64encode(IMAGE)), r"as base64", remedy=r"bytes themselves",
         fix="send the bytes themselves", codes=IMAGES),
    _row("tiff", "sends a TIFF", image(b"II*\0" + PICTURE.data[:800]), r"\bTIFF\b", remedy=r"JBIG",
         fix="send JBIG1 (T.82)", codes=IMAGES),
    _row("pbm", "sends a portable bitmap", image(b"P4\n240 80\n" + PICTURE.data[:800]), r"\bPBM\b", remedy=r"JBIG",
         fix="send JBIG1 (T.82)", codes=IMAGES),
    _row("size-little-endian", "writes the image's size low byte first",
         image(IMAGE[:4] + (240).to_bytes(4, "little") + (80).to_bytes(4, "little") + IMAGE[12:]),
         r"low byte first", r"240 × 80", remedy=r"high byte first", fix="write it high byte first",
         codes=("30", *IMAGES)),
    _row("inverted", "sends ink as 0 and paper as 1", image(encode_jbig(inverted(PICTURE))),
         r"paper and ink are exchanged",
         remedy=r"1|black|ink|invert|pixels",
         fix="send 1 for ink", codes=IMAGES),
    _row("blank", "sends an empty pad", image(encode_jbig(Bitmap(240, 80, bytes(2400)))),
         r"blank|empty|no ink|no signature|nothing (is )?(on|drawn|written)",
         remedy=r"sign|pad|ask|cardholder|image",
         fix="ask the cardholder to sign", codes=IMAGES),
    _row("no-width", "leaves the width in the image's header at zero", image(sized(0, 80)), r"width|0 ?[×x] ?80",
         r"\b0\b|zero", remedy=r"width|header|pixels|size", fix="write the size into the header", codes=IMAGES),
    _row("huge", "writes an enormous size into the image's header", image(sized(65535, 65535)), r"65535",
         remedy=r"size|header|pixels|image|width", fix="write the size of the pad into the header", codes=("30",)),
    _row("progressive", "sends a progressive JBIG image", image(IMAGE[:1] + b"\x02" + IMAGE[2:]),
         r"progressive|resolution|layers|\bD\b", remedy=r"one|single|layer|D ?= ?0|progressive|0",
         fix="encode one layer: D = 0", codes=IMAGES),
    _row("part-missing", "sends the second part of an image first", after_sale(_second_part), r"part",
         r"801|first|1\b", r"missing|not (come|there|arrived)|before|without|waits|expected",
         remedy=r"801|first|part",
         fix="begin with 801", codes=("00", "30", "25")),
    _row("slip", "writes a length in DE 55 that runs past its end",
         upload(lambda draft: draft.put(de55=bytes.fromhex("FF017FCFFBB7D1FF020101"))), r"DE ?55", r"FF01",
         remedy=r"length|FF01|DE ?55",
         fix="correct the length of FF01", codes=IMAGES),
    _row("as-0920", "uploads the signature as 0920", upload(lambda draft: draft.with_(mti=b"\x09\x20")), r"0920",
         r"0820|sign-0920", r"signature|sign-0920", remedy=r"0820|dialect|sign-0920",
         fix="send 0820, or serve the dialect unionpay-pos-sign-0920", codes=("12", "30", "40", "")),
    _row("no-image", "sends no image in DE 62", upload(lambda draft: draft.drop(62)), r"DE ?62|image",
         r"missing|absent|not there|left out|no image|without", r"^(?!.*part)", remedy=r"DE ?62|image",
         fix="send the image in DE 62", codes=("30",)),
    _row("mac", "sends the signature without a MAC", upload(lambda draft: draft.sealed(None)), r"DE ?64|\bMAC\b",
         r"missing|absent|no MAC|carries no|without", r"^(?!.*differs)", remedy=r"MAC|DE ?64",
         fix="send DE 64 with a signature", codes=("A0", "30"), same_as=("mac-absent",)),
)  # fmt: skip
