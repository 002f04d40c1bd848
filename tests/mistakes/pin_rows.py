"""Mistakes of the PIN: its block, the key it is under, and what the message says of it."""

from __future__ import annotations

from collections.abc import Callable

from tests.mistakes import crypto
from tests.mistakes.pos import CARD, PIN, Make, Pos
from tests.mistakes.row import MISSING, UNDECRYPTED, of, rows_of
from tests.mistakes.wire import Draft

SHORT_CARD = "621234000001"  # of 12 digits, the fewest there are
RANDOM = bytes.fromhex("A1B2C3D4E5F60718")

_row = rows_of("PIN and track", "pin", codes=("99", "55"), right=Pos.pin_sale)


def block(clear: bytes, key: Callable[[Pos], bytes] = lambda pos: pos.keys.pik) -> Make:
    """Return a sale whose PIN block is this one, under a key."""
    return lambda pos: pos.pin_sale(crypto.encrypt(key(pos), clear))


def built(digits: str) -> Make:
    """Return a sale whose block begins with these digits, is filled up with F, and has the card in it."""
    return block(crypto.xor(bytes.fromhex(digits.ljust(16, "F")), crypto.pan_field(CARD)))


def _halves_swapped(pos: Pos) -> Draft:
    sealed = crypto.encrypt(pos.keys.pik, RIGHT)
    return pos.pin_sale(sealed[4:] + sealed[:4])


def under(key: Callable[[Pos], bytes]) -> Make:
    """Return a sale whose right PIN block is under another key."""
    return block(RIGHT, key)


def mixed(pan: str) -> bytes:
    """Return a block whose card's part holds these twelve digits."""
    return crypto.xor(crypto.pin_field(PIN), bytes.fromhex("0000" + pan))


RIGHT = crypto.pin_block(PIN, CARD)
FORMAT_1 = bytes.fromhex(f"16{PIN}") + RANDOM[:4]
FORMAT_2 = bytes.fromhex(f"26{PIN}".ljust(16, "F"))
FORMAT_3 = crypto.xor(bytes.fromhex(f"36{PIN}ABCDEFAB"), crypto.pan_field(CARD))


def _under_previous(pos: Pos) -> Draft:
    previous = pos.keys
    pos.sign_on()
    return pos.pin_sale(crypto.encrypt(previous.pik, RIGHT))


def _short(card_part: str) -> Make:
    def make(pos: Pos) -> Draft:
        clear = crypto.xor(crypto.pin_field(PIN), bytes.fromhex("0000" + card_part))
        return pos.pin_sale(crypto.encrypt(pos.keys.pik, clear), de2=SHORT_CARD)

    return make


def _pin_entry(**values: str) -> Make:
    return lambda pos: pos.sale(de22="011", **values)


ROWS = (
    _row(
        "clear", "sends the PIN block in the clear", lambda pos: pos.pin_sale(RIGHT),
        r"clear|not encrypted|unencrypted|without (being )?encrypt\w*", r"PIN",
        r"^(?!.*(ASCII|characters|\btext\b|bare digits))", remedy=r"PIK|PIN|block",
        fix="encrypt the block under the PIK", capture=True,
    ),
    _row(
        "text", "sends the PIN as characters", lambda pos: pos.pin_sale(PIN.encode() + b"\xff\xff"),
        r"PIN", r"\btext\b|ASCII|characters", remedy=r"block|PIK|format",
        fix="build a block of format 0 and encrypt it under the PIK", capture=True,
    ),
    _row("under-tmk", "encrypts the PIN under the TMK", under(lambda pos: pos.tmk), r"(under|with) the TMK",
         remedy=r"PIK", fix="encrypt under the PIK", capture=True),
    _row("under-mak", "encrypts the PIN under the MAK", under(lambda pos: pos.keys.mak), r"(under|with) the MAK",
         remedy=r"PIK", fix="encrypt under the PIK, the first key of DE 62", capture=True),
    _row("under-left-half", "encrypts the PIN under the left half of the PIK", under(lambda pos: pos.keys.pik[:8]),
         r"PIK", r"(left|first) half|first (8|eight)|single", remedy=r"both|16|sixteen|whole|3DES",
         fix="use all sixteen bytes, by 3DES", capture=True),
    _row("under-right-half", "encrypts the PIN under the right half of the PIK", under(lambda pos: pos.keys.pik[8:]),
         r"PIK", r"second half of the PIK", remedy=r"both|16|sixteen|whole|3DES",
         fix="use all sixteen bytes, by 3DES", capture=True),
    _row("under-previous", "encrypts the PIN under the PIK from before the last sign-on", _under_previous,
         r"PIK", r"previous|before the last sign-on|older|earlier", remedy=r"PIK|keys|sign",
         fix="use the PIK of the last sign-on", codes=("99", "55", "00")),
    _row("pik-not-decrypted", "uses the PIK as it stands in DE 62", under(lambda pos: pos.keys.wrapped["pik"]),
         r"PIK", UNDECRYPTED,
         remedy=r"PIK|TMK|DE ?62", fix="decrypt the PIK under the TMK", capture=True),
    _row("pik-cbc", "decrypts the PIK in CBC", under(lambda pos: crypto.decrypt_cbc(pos.tmk, pos.keys.wrapped["pik"])),
         r"PIK", r"\bCBC\b", remedy=r"ECB|block", fix="decrypt keys in ECB, each block by itself", capture=True),
    _row("format-1", "builds the block in format 1", block(FORMAT_1),
         r"iso-1\b|\b(of|in|as) (a block of )?format 1\b", remedy=r"format|iso-0|DE ?53",
         fix="build it in format 0", capture=True),
    _row("format-2", "builds the block in format 2", block(FORMAT_2),
         r"iso-2\b|\b(of|in|as) (a block of )?format 2\b", remedy=r"format|iso-0|DE ?53",
         fix="build it in format 0", capture=True),
    _row("format-3", "builds the block in format 3", block(FORMAT_3), r"iso-3\b|\b(of|in|as) (a block of )?format 3\b",
         remedy=r"format|iso-0|DE ?53", fix="build it in format 0", capture=True),
    _row("without-pan", "leaves the card out of the block, and says in DE 53 that it is in",
         block(crypto.pin_field(PIN)),
         r"(opened|opens|reads|built|block is)[^;]*(without|no)[ -](the |a )?(PAN|card)", r"DE ?53|\b2\b|26",
         remedy=r"DE ?53|card|PAN|\b1|16",
         fix="say 1 in DE 53, or combine the block with the card",
         codes=("00", "99", "55"), capture=True),
    _row("with-pan", "builds the block with the card, and says in DE 53 that it is without",
         lambda pos: pos.pin_sale(de53="1600000000000000"),
         r"(opened|opens|reads|built|block is)[^;]*(\bwith[ -](the |a )?(PAN|card)|iso-0\b(?!-))",
         r"without[ -](the |a )?(PAN|card)|\b16",
         remedy=r"DE ?53|\b2|26",
         fix="say 2 in DE 53", codes=("00", "99", "55"), capture=True),
    _row("first-digits", "takes the first twelve digits of the card", block(mixed(CARD[:12])), r"first (12|twelve)",
         remedy=r"(last|right\w*) (12|twelve)|check digit|right", fix="take the last twelve, without the check digit",
         capture=True),
    _row("check-digit", "takes the last twelve digits, the check digit among them", block(mixed(CARD[-12:])),
         r"(with|inclu\w+|among)[^;]*check digit|check digit[^;]*(included|too\b|among)",
         remedy=r"check digit", fix="leave the check digit out", capture=True),
    _row("short-card", "fills the digits of a short card up on the right", _short("621234000000"),
         r"(fill|pad)\w*[^;]*right|right[^;]*(fill|pad)|(short|12.digit|11 digits)",
         r"card|PAN|digits", remedy=r"left|front|zero|right.aligned",
         fix="fill eleven digits up with a zero on the left",
         right=_short("062123400000"), capture=True),
    _row("fill-zero", "fills the block up with zeros instead of F", block(crypto.xor(crypto.pin_field(PIN, "0"),
         crypto.pan_field(CARD))),
         r"fill|pad", r"zero|\b0+\b", remedy=r"\bF+\b", fix="fill up with F", capture=True),
    _row("length-missing", "leaves the length of the PIN out of the block",
         block(crypto.xor(bytes.fromhex(PIN.ljust(16, "F")), crypto.pan_field(CARD))),
         r"length", r"PIN", r"missing|without|left out|no length|absent|not there|leaves out", remedy=r"06|length",
         fix="begin the block with 0 and the length: 06", capture=True),
    _row("length-wrong", "writes another length than the PIN has into the block", built(f"04{PIN}"),
         r"another number of digits|length is not", remedy=r"number of digits|06", fix="write the number of digits: 06",
         capture=True),
    _row("length-first", "puts the length before the control digit", built(f"60{PIN}"),
         r"length before|swaps the first two", remedy=r"\b0 and|06", fix="begin the block with 06", capture=True),
    _row("control-missing", "leaves out the 0 before the length of the PIN", built(f"6{PIN}"),
         r"begins with the length|no control digit", remedy=r"control digit|\b0\b", fix="begin the block with 06",
         capture=True),
    _row("control-behind", "puts control digit and length behind the PIN", built(f"{PIN}06"),
         r"(length|them) behind the PIN", remedy=r"\b0 and|06", fix="begin the block with 06", capture=True),
    _row("text-in-block", "writes the PIN into the block as ASCII characters",
         built(f"06{PIN.encode().hex()}"), r"ASCII", r"format 0|two digits", remedy=r"BCD|half byte",
         fix="put one digit into each half byte", capture=True),
    _row("empty", "sends a block of format 0 without a PIN when none was entered", built("00"),
         r"(format 0|block) without a PIN", remedy=r"no block|DE ?52", fix="leave DE 52 out, and say so in DE 22",
         capture=True),
    _row("zeros", "sends a block of zeros when no PIN was entered", lambda pos: pos.pin_sale(bytes(8)),
         r"\b00\b|zeros", r"no PIN was encrypted", remedy=r"block|DE ?52", fix="leave DE 52 out, and say so in DE 22",
         capture=True),
    _row("decrypted", "decrypts the block where it should encrypt it",
         lambda pos: pos.pin_sale(crypto.decrypt(pos.keys.pik, RIGHT)), r"terminal decrypts the block",
         remedy=r"encrypt", fix="encrypt the block", capture=True),
    _row("twice", "encrypts the block twice",
         lambda pos: pos.pin_sale(crypto.encrypt(pos.keys.pik, crypto.encrypt(pos.keys.pik, RIGHT))), r"twice",
         remedy=r"once", fix="encrypt it once", capture=True),
    _row("reversed", "reverses the encrypted bytes",
         lambda pos: pos.pin_sale(crypto.encrypt(pos.keys.pik, RIGHT)[::-1]), r"revers\w+ the encrypted bytes",
         remedy=r"order", fix="send the bytes in the order in which the cipher gives them", capture=True),
    _row("halves", "swaps the two halves of the encrypted block", _halves_swapped, r"swaps? the halves of the encr",
         remedy=r"order", fix="send the bytes in the order in which the cipher gives them", capture=True),
    _row("clear-reversed", "reverses the block before it encrypts it", block(RIGHT[::-1]),
         r"revers\w+ the block before", remedy=r"\b0 and|length", fix="begin the block with 06", capture=True),
    _row("no-block", "says in DE 22 that a PIN was entered, and sends none", _pin_entry(), of(52, MISSING),
         r"DE ?22|011|entry mode",
         remedy=r"DE ?52|DE ?22|012|PIN", fix="send DE 52, or 012 in DE 22", right=Pos.sale, codes=("30", "55", "99",
         "00"), capture=True),
    _row("no-control", "sends a PIN without DE 53", lambda pos: pos.pin_sale().drop(53),
         r"DE ?53 \(security control\) is missing", r"PIN block opened",
         remedy=r"DE ?53|26",
         fix="send DE 53: 26 and zeros", codes=("30", "99", "00", "55"), capture=True),
    _row("entry-mode", "sends a PIN and says in DE 22 that there is none", lambda pos: pos.pin_sale(de22="012"),
         of(22, r"01?2|no PIN|without|third digit"), r"PIN|DE ?52",
         remedy=r"DE ?22|011|1\b", fix="send 011 in DE 22", codes=("00", "30", "99"), capture=True),
    _row("control-says-none", "sends a PIN and says in DE 53 that there is none",
         lambda pos: pos.pin_sale(de53="0600000000000000"), of(53, r"no PIN"), r"PIN|DE ?52",
         remedy=r"DE ?53|26|\b2", fix="send 26 in DE 53", codes=("00", "30", "99", "55"), capture=True),
    _row("block-text", "sends the PIN block as sixteen hexadecimal characters",
         lambda pos: pos.pin_sale(crypto.hexadecimal(crypto.encrypt(pos.keys.pik, RIGHT))), of(52,
         r"\btext\b|ASCII|characters|hex\w*"),
         r"\b16\b|sixteen|\b8\b|eight", remedy=r"bytes|binary|8|eight", fix="send eight bytes", codes=("30",),
         capture=True),
    _row("wrong", "sends another PIN than the card's", block(crypto.pin_block("654321", CARD)), r"PIN",
         r"wrong|incorrect|differs|not the card's|is not",
         r"^(?!.*(format|under the|half|clear|twelve))", remedy=r"123456|PIN", fix="enter 123456", codes=("55",)),
)  # fmt: skip
