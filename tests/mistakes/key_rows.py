"""Mistakes of keys: a MAC that is made rightly, under a key that is not the MAK."""

from __future__ import annotations

from collections.abc import Callable

from tests.mistakes import crypto
from tests.mistakes.pos import OTHER_TMK, Keys, Make, Pos
from tests.mistakes.row import UNDECRYPTED, nothing, rows_of
from tests.mistakes.wire import Draft

Pick = Callable[[Pos], bytes]

_row = rows_of("keys and MAC", "key", codes=("A0",), capture=True)


def under(pick: Pick, mac: Callable[[bytes, bytes], bytes] = crypto.unionpay_mac) -> Make:
    """Return a sale with a MAC under another key."""
    return lambda pos: pos.sale().sealed(lambda message: mac(pick(pos), message.covered))


def with_track_key(pos: Pos) -> None:
    """Sign on for three keys."""
    pos.sign_on("004")


def _unwrapped(pos: Pos, tmk: bytes, size: int = 8) -> bytes:
    return crypto.decrypt(tmk, pos.keys.wrapped["mak"])[:size]


def _again(pos: Pos) -> Keys:
    """Sign on once more and return the keys from before."""
    before = pos.keys
    pos.sign_on()
    return before


def _under_previous(pos: Pos) -> Draft:
    previous = _again(pos)
    return pos.sale().sealed(lambda message: crypto.unionpay_mac(previous.mak, message.covered))


def _under_retired(pos: Pos) -> Draft:
    previous = _again(pos)
    pos.approved(pos.sale())
    return pos.sale().sealed(lambda message: crypto.unionpay_mac(previous.mak, message.covered))


def _third_sign_on(pos: Pos) -> Draft:
    for _ in range(2):
        pos.sign_on()
    return pos.sign_on_request()


def _third_with_proof(pos: Pos) -> Draft:
    for _ in range(2):
        pos.sign_on()
        pos.approved(pos.sale())
    return pos.sign_on_request()


def _sm4_as_des(pos: Pos) -> Draft:
    return pos.sale().sealed(lambda message: crypto.unionpay_mac(pos.keys.mak, message.covered))


def _sm4_short_blocks(pos: Pos) -> Draft:
    """Fold in blocks of eight bytes, as for DES, then encrypt the sixteen characters at once."""

    def mac(message: Draft) -> bytes:
        text = crypto.hexadecimal(crypto.folded(crypto.padded(message.covered)))
        return crypto.hexadecimal(crypto.encrypt(pos.keys.mak, text, crypto.SM))[:8]

    return pos.sale().sealed(mac)


def sm4_keys(pos: Pos) -> None:
    """Sign on for SM4 keys."""
    pos.sign_on("005")


DOUBLE = {"mak": "double"}
SM4 = {"tmk_cipher": "sm4", "tmk": "1234567890ABCDEFABCDEF0987654321"}

ROWS = (
    _row(
        "mak-not-decrypted", "uses the MAK as it stands in DE 62, without decrypting it",
        under(lambda pos: pos.keys.wrapped["mak"][:8]),
        r"MAK", UNDECRYPTED,
        remedy=r"MAK|TMK|DE ?62", fix="decrypt the MAK under the TMK",
    ),
    _row(
        "pik-for-mak", "makes the MAC under the PIK", under(lambda pos: pos.keys.pik),
        r"(under|with|uses|is) (the )?PIK\b(?!['s]* (left|first|right|second))", r"\bMAK\b", r"^(?!.*half)",
        remedy=r"MAK", fix="use the MAK, the second key of DE 62",
    ),
    _row(
        "pik-left-for-mak", "makes the MAC under the left half of the PIK", under(lambda pos: pos.keys.pik[:8]),
        r"PIK", r"(left|first) half|first (8|eight) bytes", remedy=r"MAK", fix="use the MAK, the second key of DE 62",
    ),
    _row(
        "tmk-for-mak", "makes the MAC under the TMK", under(lambda pos: pos.tmk),
        r"(under|with|uses|is) (the )?TMK", r"^(?!.*(another|other|wrong|different) TMK)", remedy=r"MAK",
        fix="use the MAK of DE 62",
    ),
    _row(
        "tdk-for-mak", "makes the MAC under the TDK", under(lambda pos: pos.keys.tdk),
        r"(under|with|uses|is) (the )?TDK", remedy=r"MAK", fix="use the MAK, the second key of DE 62",
        before=with_track_key,
    ),
    _row(
        "mak-16-of-single", "decrypts all sixteen bytes of a single-length MAK, its zeros too",
        under(lambda pos: _unwrapped(pos, pos.tmk, 16)),
        r"MAK", r"(zero|filler|\b00\b)[^;]*decrypt|decrypt[^;]*(zero|filler|\b00\b)|double.length",
        r"single|zero|first (8|eight)|8 bytes|eight bytes",
        remedy=r"first (8|eight)|mak ?=|duplicated|double",
        fix='use the first eight bytes, or register the terminal with mak = "duplicated"',
    ),
    _row(
        "double-left", "uses the left half of a MAK of double length", under(lambda pos: pos.keys.mak[:8]),
        r"(left|first) half|first (8|eight)", r"\bMAK\b", r"^(?!.*(PIK|zero|half of (the|its) TMK))",
        remedy=r"both|16|sixteen|whole|mak ?=|double", fix='use all sixteen bytes, or register mak = "single"',
        terminal=DOUBLE,
    ),
    _row(
        "double-right", "uses the right half of a MAK of double length", under(lambda pos: pos.keys.mak[8:]),
        r"(right|second|last) half of (the|its) MAK", r"\bMAK\b",
        remedy=r"both|16|sixteen|whole|mak ?=|double", fix="use all sixteen bytes", terminal=DOUBLE,
    ),
    _row(
        "double-swapped", "swaps the halves of a MAK of double length",
        under(lambda pos: pos.keys.mak[8:] + pos.keys.mak[:8]),
        r"halves", r"swapped|exchanged|wrong order|other order", r"^(?!.*halves of the (terminal's )?TMK)",
        remedy=r"order|first|left|halves",
        fix="use the halves in the order in which they stand in DE 62", terminal=DOUBLE,
    ),
    _row(
        "double-cbc", "decrypts a MAK of double length in CBC",
        under(lambda pos: crypto.decrypt_cbc(pos.tmk, pos.keys.wrapped["mak"])),
        r"\bMAK\b", r"\bCBC\b", r"decrypt|unwrap", remedy=r"ECB|block",
        fix="decrypt keys in ECB, each block by itself", terminal=DOUBLE,
    ),
    _row(
        "tmk-left", "decrypts the MAK under the left half of the TMK", under(lambda pos: _unwrapped(pos, pos.tmk[:8])),
        r"decrypts with half of its TMK",
        remedy=r"TMK|16|sixteen|both|whole|3DES",
        fix="decrypt with all sixteen bytes of the TMK, by 3DES",
    ),
    _row(
        "tmk-swapped", "decrypts the MAK under a TMK whose halves are swapped",
        under(lambda pos: _unwrapped(pos, pos.tmk[8:] + pos.tmk[:8])),
        r"TMK", r"halves|half", r"swapped|exchanged|wrong order|other order", remedy=r"TMK|order|halves",
        fix="load the halves of the TMK in their order",
    ),
    _row(
        "tmk-encrypts", "encrypts the MAK of DE 62 instead of decrypting it",
        under(lambda pos: crypto.encrypt(pos.tmk, pos.keys.wrapped["mak"])[:8]),
        r"\bMAK\b",
        r"encrypt(s|ed|ing)?\b[^;]*(instead|rather|where|not)[^;]*decrypt|encrypted (once )?(more|again|twice)|twice",
        remedy=r"decrypt",
        fix="decrypt the MAK under the TMK",
    ),
    _row(
        "previous-in-grace", "goes on with the keys from before the last sign-on", _under_previous,
        r"previous|before the last sign-on|older", r"keys?|MAK", r"grace|60 ?s|seconds", remedy=r"keys|MAK|sign-on",
        fix="use the keys of the last sign-on as soon as they came", codes=("00",), capture=False,
    ),
    _row(
        "previous-retired", "goes back to the keys from before the last sign-on, after using the new ones",
        _under_retired,
        r"previous|before the last sign-on|older|earlier", r"keys?|MAK", remedy=r"keys|MAK|sign",
        fix="use the keys of the last sign-on", capture=False,
    ),
    _row(
        "wrong-tmk", "has another TMK than the host", under(lambda pos: _unwrapped(pos, OTHER_TMK)),
        r"has another TMK", r"<TMK>", r"\bif\b", remedy=r"TMK", capture=False,
        same_as=("key-unknown",
        "mac-changed-after"),
        fix="compare the check value of the terminal's TMK with the host's",
    ),
    _row(
        "unknown", "makes the MAC under a key that the host never gave",
        under(lambda pos: bytes.fromhex("1122334455667788")),
        r"(another|other|different|wrong|unknown) (key|MAK)|not (made )?under|no key|key it (was|is) not|none of",
        r"<MAK>", remedy=r"MAK|key|TMK",
        same_as=("key-wrong-tmk", "mac-changed-after"), fix="compare the check value of the MAK with the host's",
    ),
    _row(
        "three-sign-ons", "signs on three times in a row, because it refuses the keys each time", _third_sign_on,
        r"three|third|\b3\b", r"<TMK>", r"\bmak ?=", r"possibl|may|might|perhaps|if\b", remedy=r"TMK|check value|KCV",
        fix="compare the TMK's check value; if it is right, register another form of the MAK",
        right=_third_with_proof, before=nothing, codes=("00",), capture=False,
    ),
    _row(
        "sm4-package-of-3des", "asks for SM4 keys with a TMK for 3DES", lambda pos: pos.sign_on_request("005"),
        r"\b005\b", r"SM4", r"3DES|tmk_cipher|double.length", remedy=r"00[134]|tmk_cipher|SM4",
        fix='ask for 003, or register tmk_cipher = "sm4"',
        right=lambda pos: pos.sign_on_request("003"), before=nothing, codes=("40", "00"),
    ),
    _row(
        "3des-package-of-sm4", "asks for 3DES keys with a TMK for SM4", lambda pos: pos.sign_on_request("003"),
        r"\b003\b", r"SM4", r"3DES|tmk_cipher", remedy=r"00[56]|tmk_cipher|3DES", fix="ask for 005 or 006",
        terminal=SM4,
        right=lambda pos: pos.sign_on_request("005"), before=nothing, codes=("40", "00"),
    ),
    _row(
        "sm4-as-3des", "makes the MAC by 3DES under a MAK for SM4", _sm4_as_des, r"3DES|\bDES\b", r"SM4", remedy=r"SM4",
        fix="use SM4 in blocks of sixteen bytes", terminal=SM4, before=sm4_keys,
    ),
    _row(
        "sm4-blocks-of-8", "folds in blocks of eight bytes before encrypting by SM4", _sm4_short_blocks,
        r"\b8\b|eight", r"\b16\b|sixteen", r"block",
        remedy=r"16|sixteen", fix="fold in blocks of sixteen bytes", terminal=SM4, before=sm4_keys,
    ),
)  # fmt: skip
