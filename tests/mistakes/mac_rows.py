"""Mistakes of the MAC: how DE 64 is made, under a key that is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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


def _row(id: str, title: str, mistaken: Make, *cause: str, remedy: str, fix: str, **more: object) -> Mistake:
    base: dict[str, object] = {"capture": True, **more}
    return Mistake(
        id=f"mac-{id}",
        group="keys and MAC",
        title=title,
        mistaken=mistaken,
        cause=cause,
        remedy=remedy,
        fix=fix,
        **base,  # type: ignore[arg-type]
    )


def _without_bit_64(message: Draft) -> bytes:
    return message.mti + message.right_bitmap(mac=False) + message.data


def _no_incomplete_block(key: bytes, message: Draft) -> bytes:
    return crypto.unionpay_mac(key, message.covered[: len(message.covered) // 8 * 8])


def _fold(message: Draft) -> bytes:
    return crypto.folded(crypto.padded(message.covered))


def _lower_fold(key: bytes, message: Draft) -> bytes:
    text = _fold(message).hex().encode()
    return crypto.hexadecimal(crypto.encrypt(key, crypto.xor(crypto.encrypt(key, text[:8]), text[8:])))[:8]


def _counted_after(pos: Pos) -> Draft:
    sale = pos.sale()
    mac = pos.mac(sale)
    return sale.put(de11=pos.next_stan()).sealed(lambda message: mac)


def _before_currency(pos: Pos) -> Draft:
    mac = pos.mac(pos.sale().drop(49).put(de11=f"{pos.stan:06}"))
    pos.stan -= 1
    return pos.sale().sealed(lambda message: mac)


def _by_steps(steps: Callable[[bytes, bytes, bytes], bytes]) -> Make:
    """Return a maker of sales whose MAC is made of the two halves of the folded text in another way."""

    def mac(key: bytes, message: Draft) -> bytes:
        text = crypto.hexadecimal(_fold(message))
        return crypto.hexadecimal(steps(key, text[:8], text[8:]))[:8]

    return by(mac)


def _in_order(order: Callable[[bytes], bytes]) -> Mac:
    return lambda key, message: order(crypto.unionpay_mac(key, message.covered))


def _disordered() -> Iterator[Mistake]:
    """Yield rows whose eight characters are the right ones in another order."""
    orders: tuple[tuple[str, str, Callable[[bytes], bytes], str], ...] = (
        ("backwards", "sends the eight characters from the last to the first", lambda mac: mac[::-1],
         r"backwards where"),
        ("halves-swapped", "swaps the halves of DE 64", lambda mac: mac[4:] + mac[:4],
         r"second four characters before the first"),
        (
            "digits-swapped", "swaps the two digits of each byte",
            lambda mac: b"".join([mac[at : at + 2][::-1] for at in range(0, 8, 2)]), r"digits[^;]*swapped",
        ),
        (
            "bytes-reversed", "reverses the bytes of the result before it writes them as hexadecimal digits",
            lambda mac: b"".join([mac[at : at + 2] for at in range(6, -1, -2)]), r"backwards, two digits",
        ),
    )  # fmt: skip
    for name, title, ordered, cause in orders:
        make = by(_in_order(ordered))
        yield _row(name, title, make, cause, remedy=r"first|order", fix="send them in the order of the result")


def _changed_after(pos: Pos) -> Draft:
    """Change the message under a MAC that is made."""
    sale = pos.sale()
    mac = pos.mac(sale)
    return sale.put(de4="000000001235").sealed(lambda message: mac)


def _with_length(message: bytes) -> bytes:
    return (len(message) + 8).to_bytes(2, "big") + message


def _uneven(pos: Pos) -> Draft:
    """Return a sale whose length is no multiple of eight."""
    sale = pos.sale()
    return sale if len(sale.covered) % 8 else sale.put(de23="001")


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
        r"lower.case", r"^(?!.*fold)",
        remedy=r"upper.case|capital",
        fix="send upper-case letters",
    ),
    _row(
        "filled-with-spaces", "fills up the last block with spaces",
        over(lambda m: m.covered + b" " * (-len(m.covered) % 8)),
        r"filled up with spaces", remedy=r"zeros|00", fix="fill up with zeros",
    ),
    _row(
        "filled-with-ff", "fills up the last block with bytes FF",
        over(lambda m: m.covered + b"\xff" * (-len(m.covered) % 8)),
        r"filled up with bytes FF", remedy=r"zeros|00", fix="fill up with zeros",
    ),
    _row(
        "filled-before", "puts the filling before the message",
        over(lambda m: bytes(-len(m.covered) % 8) + m.covered),
        r"zeros before it", remedy=r"behind", fix="fill up behind the message",
    ),
    _row(
        "fold-alone", "sends the folded blocks without encrypting them",
        by(lambda _, m: _fold(m)),
        r"fold alone|not encrypt the folded", remedy=r"encrypt", fix="encrypt the hexadecimal text of the fold, twice",
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
        r"^(?!.*begins with)",
        remedy=r"first (eight|8|half)|left half",
        fix="send the first eight characters",
    ),
    _row(
        "covers-header",
        "lets the MAC cover the header",
        over(lambda message: message.head + message.covered),
        r"cover|inclu\w+|made (of|over)|computed over",
        r"head",
        r"^(?!.*(TPDU and (the )?head|TPDU before the MAB))",
        remedy=r"MTI|head",
        fix="begin at the MTI",
    ),
    _row(
        "covers-tpdu-and-header",
        "lets the MAC cover TPDU and header",
        over(lambda message: message.tpdu + message.head + message.covered),
        r"cover|inclu\w+|made (of|over)|computed over",
        r"TPDU and (the )?head",
        remedy=r"MTI|TPDU",
        fix="begin at the MTI",
    ),
    _row(
        "no-mti",
        "leaves the MTI out of the MAC",
        over(lambda message: message.covered[2:]),
        r"(without|leaves? out|lacks|(does )?not cover) (the )?MTI|MTI[^;]{0,20}(left out|missing|not covered)"
        r"|begins (at|with) the bitmap",
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
    _row(
        "x9.19", "uses X9.19 instead of UnionPay's algorithm",
        by(lambda key, message: crypto.hexadecimal(crypto.x9_19(key, message.covered))[:8]),
        r"X9\.19", remedy=r"unionpay|ECB|fold|XOR", fix="fold by XOR, then two encryptions over hexadecimal text",
        terminal={"mak": "double"},
    ),
    _row(
        "cmac", "uses CMAC instead of UnionPay's algorithm",
        by(lambda key, message: crypto.hexadecimal(crypto.cmac(key, message.covered))[:8]),
        r"CMAC", remedy=r"unionpay|ECB|fold|XOR", fix="fold by XOR, then two encryptions over hexadecimal text",
    ),
    _row(
        "no-hexadecimal", "encrypts the folded block itself, not its hexadecimal text",
        by(lambda key, message: crypto.hexadecimal(crypto.encrypt(key, _fold(message)))[:8]),
        r"hex\w*", r"fold\w*|XOR", r"^(?!.*without a key)",
        r"without|instead|skip|left out|not turned|not (their|its|the) hex|itself|themselves|directly|missing",
        remedy=r"hex\w*", fix="encrypt the hexadecimal text of the folded block",
    ),
    _row(
        "fold-lower-case", "writes the folded block in lower case before encrypting it", by(_lower_fold),
        r"lower.case", r"fold\w*|XOR", remedy=r"upper.case|capital", fix="write it in upper case",
    ),
    _row(
        "one-encryption", "leaves out the second encryption",
        by(lambda key, message: crypto.hexadecimal(crypto.encrypt(key, crypto.hexadecimal(_fold(message))[:8]))[:8]),
        r"(without|leaves? out|left out|missing|skips?|lacks) (the |a )?second encryption"
        r"|second encryption[^;]*(missing|left out|skipped)|only (one|the first) encryption|encrypt\w* only once"
        r"|first encryption (alone|only)",
        remedy=r"second|half|again|both",
        fix="combine the result with the second half of the text and encrypt again",
    ),
    _row(
        "no-incomplete-block", "leaves out the last block where it is not complete", by(_no_incomplete_block, _uneven),
        r"last", r"incomplete|partial|remainder|rest|not (complete|full)|short block|remaining",
        remedy=r"zero|00|last|pad",
        fix="fill the last block up with zero bytes",
    ),
    _row(
        "itself", "lets the MAC cover DE 64, filled with eight '0' characters",
        over(lambda message: message.covered + b"0" * 8),
        r"DE ?64|MAC('s)? (own )?field|field of the MAC|itself|own (place|field)", r"cover|inclu", r"digits 0",
        remedy=r"DE ?64|MAC|before",
        fix="end before DE 64",
    ),
    _row(
        "length", "lets the MAC cover the whole frame, its length too",
        over(lambda message: _with_length(message.tpdu + message.head + message.covered)),
        r"length", r"cover|inclu\w+|made (of|over)", r"TPDU|head|frame", remedy=r"MTI", fix="begin at the MTI",
    ),
    _row(
        "text", "makes the MAC of the message's hexadecimal text",
        over(lambda message: crypto.hexadecimal(message.covered)),
        r"MAB as hex text", r"^(?!.*(fold|lower.case|belongs))",
        remedy=r"bytes|binary|themselves",
        fix="make the MAC of the bytes that are sent",
    ),
    _row(
        "bitmap-left-out", "leaves the bitmap out of the MAC", over(lambda message: message.mti + message.data),
        r"(without|leaves? out|lacks|(does )?not cover) (the )?bitmap|bitmap[^;]{0,20}(left out|missing|not covered)",
        remedy=r"bitmap|MTI",
        fix="cover the bitmap too",
    ),
    _row(
        "field-left-out", "makes the MAC before the last field is there",
        over(lambda message: message.mti + message.bits + message.drop(60).data),
        r"DE ?60", r"without|left out|leaves out|lacks|not cover|missing|before", remedy=r"DE ?60|last|complete|up to",
        fix="make the MAC when all fields are there",
    ),
    _row(
        "absent", "sends no DE 64 with a sale", lambda pos: pos.sale().sealed(None),
        r"DE ?64|\bMAC\b", r"missing|absent|no MAC|carries no|without|is not there", r"^(?!.*differs)",
        remedy=r"MAC|DE ?64|bit 64",
        fix="send DE 64 with every financial request", same_as=("signature-mac",),
    ),
    _row(
        "sixteen-characters", "sends all sixteen hexadecimal characters of the result",
        by(lambda key, message: crypto.hexadecimal(crypto.fold_result(key, message.covered))),
        r"\b16\b|sixteen|(8|eight) (bytes|characters)[^;]*(too many|left over|more)", r"DE ?64|MAC",
        remedy=r"first|eight|\b8\b",
        fix="send the first eight", codes=("30",), never=(r"send the bytes themselves",),
    ),
    _row(
        "four-bytes", "sends four bytes as DE 64",
        by(lambda key, message: crypto.fold_result(key, message.covered)[:4]),
        r"DE ?64", r"\b4\b|four", r"\b8\b|eight", remedy=r"eight|\b8\b|characters", fix="send eight characters",
        codes=("30",),
    ),
    *_disordered(),
    _row(
        "stan-counted-after", "counts the STAN after the MAC is made", _counted_after,
        r"STAN (before|behind) it", remedy=r"count", fix="count the STAN before the MAC is made",
    ),
    _row(
        "tpdu-without-head", "lets the MAC cover the TPDU, and not the head",
        over(lambda message: message.tpdu + message.covered), r"TPDU before the MAB", remedy=r"MTI",
        fix="begin at the MTI",
    ),
    _row(
        "own-length", "lets the MAC cover the MAB with its length before it",
        over(lambda message: len(message.covered).to_bytes(2, "big") + message.covered), r"length of two bytes",
        remedy=r"MTI", fix="begin at the MTI",
    ),
    _row(
        "before-a-field", "makes the MAC before DE 49 and its bit are there", _before_currency,
        r"before DE 49 and its bit", remedy=r"all fields", fix="make the MAC when all fields are there",
    ),
    _row(
        "without-xor", "leaves out the second half of the hex text",
        _by_steps(lambda key, one, two: crypto.encrypt(key, crypto.encrypt(key, one))),
        r"leaves out the second half", remedy=r"XOR", fix="combine it with the result of the first encryption",
    ),
    _row(
        "second-half-first", "encrypts the second half of the hex text first",
        _by_steps(lambda key, one, two: crypto.encrypt(key, crypto.xor(crypto.encrypt(key, two), one))),
        r"begins with the second half", remedy=r"first half", fix="encrypt the first half first",
    ),
    _row(
        "second-decrypts", "decrypts in the second step",
        _by_steps(lambda key, one, two: crypto.decrypt(key, crypto.xor(crypto.encrypt(key, one), two))),
        r"decrypts in the second step", remedy=r"encrypt in both", fix="encrypt in both steps",
    ),
    _row(
        "decrypts", "decrypts in both steps",
        _by_steps(lambda key, one, two: crypto.decrypt(key, crypto.xor(crypto.decrypt(key, one), two))),
        r"decrypts where it should encrypt", remedy=r"encrypt in both", fix="encrypt in both steps",
    ),
    _row(
        "mak-of-zeros", "makes the MAC under a MAK of zeros, before any was unwrapped",
        by(lambda key, message: crypto.unionpay_mac(bytes(len(key)), message.covered)), r"MAK of zeros",
        remedy=r"use the MAK", fix="take the MAK from DE 62",
    ),
    _row(
        "changed-after", "changes the amount after the MAC was made", _changed_after,
        r"(chang|alter|modif|differ)\w*[^;]*(after|since)|after the MAC", remedy=r"MAC|last", codes=("A0",),
        fix="make the MAC last, of the bytes that are sent", same_as=("key-wrong-tmk", "key-unknown"),
    ),
)  # fmt: skip
