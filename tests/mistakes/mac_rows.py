"""Mistakes of the MAC: how DE 64 is made, under a key that is right."""

from __future__ import annotations

from collections.abc import Callable

from tests.mistakes import crypto
from tests.mistakes.pos import Make, Pos
from tests.mistakes.row import Mistake
from tests.mistakes.wire import Draft

Mac = Callable[[bytes, Draft], bytes]
"""DE 64 of a message, under a MAK."""


def _lettered(pos: Pos) -> Draft:
    """Return a sale whose MAC has a letter, so that its case can be wrong."""
    while True:
        sale = pos.sale()
        if pos.mac(sale) != pos.mac(sale).lower():
            return sale


def by(mac: Mac, make: Callable[[Pos], Draft] = _lettered) -> Make:
    """Return a maker of sales whose DE 64 is made so."""
    return lambda pos: make(pos).sealed(lambda message: mac(pos.keys.mak, message))


def over(covered: Callable[[Draft], bytes]) -> Make:
    """Return a maker of sales whose MAC covers something else."""
    return by(lambda key, message: crypto.unionpay_mac(key, covered(message)))


def _row(id: str, title: str, wrong: Make, *cause: str, remedy: str, fix: str, **more: object) -> Mistake:
    base: dict[str, object] = {"capture": True, **more}
    return Mistake(
        id=f"mac-{id}",
        group="keys and MAC",
        title=title,
        wrong=wrong,
        cause=cause,
        remedy=remedy,
        fix=fix,
        **base,  # type: ignore[arg-type]
    )


def _without_bit_64(message: Draft) -> bytes:
    return message.mti + message.right_bitmap(mac=False) + message.data


def _no_incomplete_block(key: bytes, message: Draft) -> bytes:
    return crypto.unionpay_mac(key, message.covered[: len(message.covered) // 8 * 8])


def _uneven(pos: Pos) -> Draft:
    """Return a sale whose length is no multiple of eight."""
    sale = pos.sale()
    return sale if len(sale.covered) % 8 else sale.put(de23="001")


HEX = r"hex\w*"

ROWS = (
    _row(
        "zeros",
        "sends eight zero bytes as DE 64",
        by(lambda key, message: bytes(8)),
        r"(DE ?64|MAC)",
        r"(all|eight|8|only|is|holds|full of) zero|zero(e?s| bytes)[^;]*(as|in|for) (DE ?64|the MAC|its MAC)",
        remedy=r"MAC|DE ?64",
        fix="compute the MAC when the message is complete and put it in",
    ),
    _row(
        "spaces",
        "sends eight spaces as DE 64",
        by(lambda key, message: b" " * 8),
        r"(DE ?64|MAC)",
        r"spaces|blanks",
        remedy=r"MAC|DE ?64",
        fix="compute the MAC when the message is complete and put it in",
    ),
    _row(
        "lower-case",
        "sends the MAC's hexadecimal characters in lower case",
        by(lambda key, message: crypto.unionpay_mac(key, message.covered).lower()),
        r"lower.case",
        remedy=r"upper.case|capital",
        fix="send upper-case letters",
    ),
    _row(
        "packed",
        "sends the first eight bytes of the result, not the eight characters",
        by(lambda key, message: crypto.fold_result(key, message.covered)[:8]),
        r"(bytes|binary|packed)[^;]*(hex\w*|characters)",
        r"^(?!.*(lower.case|half))",
        remedy=r"characters|hex\w*",
        fix="send the first eight hexadecimal characters of the result",
    ),
    _row(
        "second-half",
        "sends the last eight hexadecimal characters of the result",
        by(lambda key, message: crypto.hexadecimal(crypto.fold_result(key, message.covered))[8:]),
        r"(last|second|other|right)( eight| 8| half)",
        remedy=r"first (eight|8|half)|left half",
        fix="send the first eight characters",
    ),
    _row(
        "covers-header",
        "lets the MAC cover the header",
        over(lambda message: message.head + message.covered),
        r"cover|includ|made (of|over)|computed over",
        r"head",
        r"(?!.*TPDU and)",
        remedy=r"MTI|head",
        fix="begin at the MTI",
    ),
    _row(
        "covers-tpdu-and-header",
        "lets the MAC cover TPDU and header",
        over(lambda message: message.tpdu + message.head + message.covered),
        r"cover|includ|made (of|over)|computed over",
        r"TPDU and (the )?head",
        remedy=r"MTI|TPDU",
        fix="begin at the MTI",
    ),
    _row(
        "no-mti",
        "leaves the MTI out of the MAC",
        over(lambda message: message.covered[2:]),
        r"MTI",
        r"(without|left out|leaves out|lacks|does not cover|not covered|begins (at|with) the bitmap|missing)",
        remedy=r"MTI",
        fix="begin at the MTI",
    ),
    _row(
        "bitmap-without-bit-64",
        "makes the MAC before bit 64 is set in the bitmap",
        over(_without_bit_64),
        r"bit 64",
        r"bitmap",
        r"without|not set|before|missing|clear",
        remedy=r"bit 64|bitmap",
        fix="set bit 64 before the MAC is made",
    ),
    _row(
        "padding-80",
        "pads with 80 and zeros",
        by(lambda key, message: crypto.unionpay_mac(key, crypto.padded(message.covered, first=b"\x80"))),
        r"\b(0x)?80\b",
        r"pad",
        remedy=r"zero|00",
        fix="pad with zero bytes only",
    ),
    _row(
        "x9.9",
        "uses X9.9 (CBC) instead of UnionPay's algorithm",
        by(lambda key, message: crypto.hexadecimal(crypto.chain(key, crypto.padded(message.covered)))[:8]),
        r"X9\.9\b|CBC",
        remedy=r"unionpay|ECB|fold|XOR",
        fix="fold by XOR, then two encryptions over hexadecimal text",
    ),
)
