"""Mistakes of framing: where a message begins and ends.

Every form of docs/framings.md is tried at a host that wants a 2-byte length, and every other host is sent that length.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from tests.mistakes.forms import ETX, FORMS, STX
from tests.mistakes.pos import Make, Pos
from tests.mistakes.row import Mistake, nothing
from tests.mistakes.wire import Draft

CLOSED = ("",)
HEADS = ("", "12", "30")  # an answer where DE 11 and DE 41 can be read all the same
SILENT = "binary4"  # an empty frame, then a message as it should be


def sign_on(pos: Pos) -> Draft:
    """Return the message that framings are tried with: short enough for lengths of two digits."""
    return pos.sign_on_request()


def _wrapped(form: str) -> Make:
    return lambda pos: FORMS[form].wrap(sign_on(pos).message)


def _forms() -> Iterator[Mistake]:
    for name, form in FORMS.items():
        if name == "binary2":
            continue
        yield Mistake(
            id=f"framing-{name}",
            group="framing",
            title=f"sends {form.title} to a host that wants a 2-byte binary length",
            mistaken=_wrapped(name),
            right=sign_on,
            before=nothing,
            codes=("00",) if name == SILENT else HEADS,
            cause=(rf"{form.called}.*unionpay-pos.*(2-byte|binary2)",),
            fix="send a 2-byte binary length, or say in the dialect how frames are cut",
            never=(r"clear bit", r"count every byte"),
            capture=True,
        )
        if form.base != "unionpay-pos":
            continue  # without a length only text can be sent; see below
        yield Mistake(
            id=f"framing-at-{name}",
            group="framing",
            title=f"sends a 2-byte binary length to a host that wants {form.title}",
            mistaken=sign_on,
            right=_wrapped(name),
            before=nothing,
            codes=HEADS,
            cause=(rf"(2-byte|binary2)[^\n]*;[^\n]*{form.called}",),
            never=(r"clear bit", r"count every byte"),
            fix=f"send {form.title}",
            listener=name,
        )


def _head(**changes: bytes) -> Make:
    return lambda pos: sign_on(pos).with_(**changes)


def _cut(less: int) -> Make:
    """Send a length that is too small or too large."""

    def make(pos: Pos) -> bytes:
        message = sign_on(pos).message
        return (len(message) - less).to_bytes(2, "big") + message

    return make


def _sized(message: bytes) -> bytes:
    return len(message).to_bytes(2) + message


def _not_utf8(pos: Pos) -> bytes:
    """Return a message with bytes that are no UTF-8: a wrapped key stands in DE 62."""
    return sign_on(pos).put(de62=bytes.fromhex("E8D2C3FA90A1B2C3")).message


def _row(id: str, title: str, mistaken: Make, cause: tuple[str, ...], fix: str, **more: object) -> Mistake:
    base: dict[str, object] = {
        "right": sign_on, "before": nothing, "codes": CLOSED, "capture": True, **more
    }  # fmt: skip
    return Mistake(id=id, group="framing", title=title, mistaken=mistaken, cause=cause, fix=fix, **base)  # type: ignore[arg-type]


ROWS = (
    *_forms(),
    _row(
        "framing-hex-text",
        "sends the whole frame as hexadecimal text",
        lambda pos: sign_on(pos).frame.hex().upper().encode(),
        (r"hex\w* (text|characters|digits)|as text", r"(whole|frame|message|bytes)"),
        "send bytes, not their hexadecimal digits",
    ),
    _row(
        "framing-hex-text-behind-length",
        "sends a binary length, then the message as hexadecimal text",
        lambda pos: len(sign_on(pos).message.hex()).to_bytes(2, "big") + sign_on(pos).message.hex().upper().encode(),
        (
            r"hex\w* text|as text",
            r"(behind|after|follow\w*) (the|its) length|length[^;]*(is right|correct|fits)",
        ),
        "send bytes, not their hexadecimal digits",
        codes=HEADS,
    ),
    _row(
        "framing-stx-etx-around-length",
        "puts STX before the 2-byte length and ETX behind the message",
        lambda pos: STX + sign_on(pos).frame + ETX,
        (r"(STX|\b02\b)[^;]*2-byte|2-byte[^;]*(STX|\b02\b)", r"unionpay-pos"),
        "leave out STX and ETX",
    ),
    _row(
        "framing-etx-not-counted",
        "puts an ETX behind each message, which the length does not count, and keeps the connection",
        lambda pos: sign_on(pos).frame + ETX + sign_on(pos).frame + ETX,
        (r"ETX|\(03\)", r"(behind|after)[^;]*message", r"not count"),
        "leave out the ETX",
        codes=("", "00"),
    ),
    _row(
        "framing-line-end-not-counted",
        "puts CR LF behind each message, which the length does not count, and keeps the connection",
        lambda pos: sign_on(pos).frame + b"\r\n" + sign_on(pos).frame + b"\r\n",
        (r"line end", r"0D ?0A", r"(behind|after)[^;]*message", r"not count"),
        "leave out the line end",
        codes=("", "00"),
    ),
    _row(
        "framing-stx-without-etx",
        "leaves out the ETX at a host that wants STX and ETX around the message",
        lambda pos: FORMS["stx-bcd2-etx"].wrap(sign_on(pos).message)[:-1],
        (r"(ETX|\b03\b)[^;]*(missing|did not come|absent|lacks)|\b(missing|no|without)\b[^;]{0,20}(ETX|\b03\b)",),
        "send ETX (03) behind the message",
        listener="stx-bcd2-etx",
        right=_wrapped("stx-bcd2-etx"),
        capture=False,
    ),
    _row(
        "framing-length-without-tpdu-and-head",
        "counts neither TPDU nor header",
        _cut(11),
        (r"\b49\b", r"\b60\b", r"TPDU"),
        "count everything behind the length: TPDU, header and message",
        codes=HEADS,
    ),
    _row(
        "framing-length-too-small",
        "sends a length that is one too small",
        _cut(1),
        (r"\b59\b", r"\b60\b", r"(one|1)( byte)? (less|too|short|more)|off by one"),
        "count every byte behind the length",
        codes=HEADS,
    ),
    _row(
        "framing-length-too-large",
        "sends a length that is one too large, and waits",
        _cut(-1),
        (r"\b61\b", r"\b60\b", r"(one|1)( byte)? (more|less|too|short|missing)|off by one"),
        "count every byte behind the length",
    ),
    _row(
        "framing-tpdu-text",
        "sends the TPDU as ten characters",
        _head(tpdu=b"6000030000"),
        (r"TPDU", r"text|ASCII|characters", r"\b10\b|ten|3630303030333030"),
        "send the TPDU as five bytes of BCD: 60 00 03 00 00",
        codes=HEADS,
    ),
    _row(
        "framing-head-text",
        "sends the header as twelve characters",
        _head(head=b"603100310000"),
        (r"head", r"text|ASCII|characters", r"\b12\b|twelve"),
        "send the header as six bytes of BCD",
        codes=HEADS,
    ),
    _row(
        "framing-tpdu-and-head-text",
        "sends TPDU and header as text",
        _head(tpdu=b"6000030000", head=b"603100310000"),
        (r"TPDU and (the )?head", r"text|ASCII|characters"),
        "send TPDU and header as eleven bytes of BCD",
        codes=HEADS,
    ),
    _row(
        "framing-no-tpdu",
        "leaves out the TPDU",
        _head(tpdu=b""),
        (r"TPDU[^;]*(missing|left out|absent|is not there)|(no|without( a)?) TPDU\b(?! (or|nor|and))",),
        "begin the message with the five bytes of the TPDU",
        codes=HEADS,
    ),
    _row(
        "framing-no-head",
        "leaves out the header",
        _head(head=b""),
        (r"head(er)?[^;]*(missing|left out|absent|is not there)|(no|without( a)?) head(er)?\b",),
        "send the six bytes of the header behind the TPDU",
        codes=HEADS,
    ),
    _row(
        "framing-no-tpdu-no-head",
        "begins with the MTI",
        _head(tpdu=b"", head=b""),
        (r"(TPDU (and|nor|or) (the |no )?head\w*)", r"missing|left out|absent|no |without|neither"),
        "begin the message with TPDU and header",
        codes=HEADS,
    ),
    _row(
        "framing-head-short",
        "sends five bytes of header",
        _head(head=bytes.fromhex("6031003100")),
        (r"head has 5 bytes", r"\b6\b"),
        "send six bytes of header",
        codes=HEADS,
    ),
    _row(
        "framing-tpdu-twice",
        "sends the TPDU twice",
        _head(tpdu=bytes.fromhex("60000300006000030000")),
        (r"TPDU[^;]*twice",),
        "send it once",
        codes=HEADS,
    ),
    _row(
        "framing-length-twice",
        "lets two layers of its program write the length",
        lambda pos: (len(sign_on(pos).message) + 2).to_bytes(2) + sign_on(pos).frame,
        (r"length[^;]*twice",),
        "write it once",
        codes=HEADS,
    ),
    _row(
        "framing-base64",
        "sends the whole frame as base64",
        lambda pos: base64.b64encode(sign_on(pos).frame),
        (r"base64",),
        "send bytes",
        capture=False,
    ),
    _row(
        "framing-utf8",
        "keeps the message in a string and writes it in UTF-8",
        lambda pos: _sized(sign_on(pos).put(de60="91000001003").message.decode("latin-1").encode()),
        (r"written in UTF-8", r"characters|Latin"),
        "never put bytes into strings",
        codes=HEADS,
        capture=False,
    ),
    _row(
        "framing-replaced",
        "reads its message into a string of UTF-8 and sends that",
        lambda pos: _sized(_not_utf8(pos).decode("utf-8", "replace").encode()),
        (r"EF BF BD", r"UTF-8"),
        "never put bytes into strings",
        codes=HEADS,
        capture=False,
    ),
    _row(
        "framing-line-end-first",
        "sends CR LF before the first frame",
        lambda pos: b"\r\n" + sign_on(pos).frame,
        (r"line end", r"0D ?0A", r"before the length"),
        "leave the line end out",
    ),
    _row(
        "framing-byte-order-mark",
        "sends a byte order mark before the first frame",
        lambda pos: b"\xef\xbb\xbf" + sign_on(pos).frame,
        (r"byte order mark",),
        "leave the mark out",
    ),
    _row(
        "framing-xml",
        "sends an XML document",
        lambda pos: b'<?xml version="1.0"?><isomsg><field id="0" value="0800"/></isomsg>',
        (r"XML",),
        "send ISO 8583 over plain TCP",
        capture=False,
    ),
    _row(
        "framing-json",
        "sends a JSON document",
        lambda pos: b'{"mti": "0800", "fields": {"11": "000001"}}',
        (r"JSON",),
        "send ISO 8583 over plain TCP",
        capture=False,
    ),
    _row(
        "framing-tls",
        "opens TLS on a port that has none",
        lambda pos: bytes.fromhex("16030100c8010000c40303") + bytes(range(195)),
        (r"TLS",),
        "connect without TLS",
        capture=False,
    ),
    _row(
        "framing-http",
        "posts the message by HTTP",
        lambda pos: b"POST /unp/webtrans HTTP/1.1\r\nContent-Type: x-ISO-TPDU/x-auth\r\n\r\n" + sign_on(pos).frame,
        (r"HTTP",),
        "send the frame over plain TCP, without HTTP",
        capture=False,
    ),
)
