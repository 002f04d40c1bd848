"""Mistakes of the magnetic stripe: encrypted tracks, and cards read otherwise than the message says."""

from __future__ import annotations

from collections.abc import Callable

from tests.mistakes import crypto
from tests.mistakes.key_rows import with_track_key
from tests.mistakes.pos import TRACK, Make, Pos
from tests.mistakes.row import MISSING, UNDECRYPTED, of, rows_of
from tests.mistakes.wire import Draft, bcd

_row = rows_of("PIN and track", "track", codes=("30", "14"))

ENCRYPTED = "0610000000000000"  # DE 53: no PIN, 3DES, the track is encrypted
CLEAR = bcd(TRACK)
Encrypt = Callable[[bytes, bytes], bytes]


def before_last_byte(key: bytes, track: bytes) -> bytes:
    """Encrypt the eight bytes before the last one, as UnionPay's terminals do."""
    return track[:-9] + crypto.encrypt(key, track[-9:-1]) + track[-1:]


def swiped(
    key: Callable[[Pos], bytes] = lambda pos: pos.keys.tdk, how: Encrypt = before_last_byte, control: str = ENCRYPTED
) -> Make:
    """Return a sale by stripe whose track is encrypted."""
    return lambda pos: pos.swipe(de53=control).raw(35, b"\x37" + how(key(pos), CLEAR))


def in_clear(pos: Pos) -> Draft:
    """Return a sale by stripe whose track is in the clear."""
    return pos.swipe(de53="0600000000000000")


def _last_eight(key: bytes, track: bytes) -> bytes:
    return track[:-8] + crypto.encrypt(key, track[-8:])


def _first_eight(key: bytes, track: bytes) -> bytes:
    return crypto.encrypt(key, track[:8]) + track[8:]


def _all(key: bytes, track: bytes) -> bytes:
    return crypto.encrypt(key, track[:16]) + track[16:]


_tdk = {"before": with_track_key, "right": swiped()}

ROWS = (
    _row("second-in-third", "sends track 2 in the place of track 3", lambda pos: pos.swipe().drop(35).put(de36=TRACK),
         r"DE ?36", r"it is a track 2", remedy=r"there|DE ?35", fix="send it in DE 35", right=in_clear, capture=True),
    _row("in-clear", "says in DE 53 that the track is encrypted, and sends it in the clear",
         lambda pos: pos.swipe(de53=ENCRYPTED),
         r"track|DE ?35", r"clear|not encrypted|unencrypted", r"DE ?53|security control", remedy=r"TDK|DE ?53|0|track",
         fix="encrypt the track, or say 0 in DE 53", **_tdk, capture=True),
    _row("not-said", "encrypts the track, and says in DE 53 that it is in the clear",
         swiped(control="0600000000000000"),
         r"track|DE ?35", r"encrypted", r"DE ?53|security control",
         r"^(?!.*but it is in the clear)",
         remedy=r"DE ?53|061|\b1\b", fix="say 1 in the third digit of DE 53", codes=("30", "14", "00"), **_tdk,
         capture=True),
    _row("under-pik", "encrypts the track under the PIK", swiped(lambda pos: pos.keys.pik), r"track|DE ?35",
         r"(under|with) the PIK", remedy=r"TDK", fix="encrypt under the TDK", **_tdk, capture=True),
    _row("under-tmk", "encrypts the track under the TMK", swiped(lambda pos: pos.tmk), r"track|DE ?35",
         r"(under|with) the TMK", remedy=r"TDK", fix="encrypt under the TDK", **_tdk, capture=True),
    _row("tdk-not-decrypted", "uses the TDK as it stands in DE 62", swiped(lambda pos: pos.keys.wrapped["tdk"]), r"TDK",
         UNDECRYPTED, remedy=r"TDK|TMK|DE ?62", fix="decrypt the TDK under the TMK", **_tdk, capture=True),
    _row("last-eight", "encrypts the last eight bytes of the track", swiped(how=_last_eight), r"last (8|eight)",
         r"track|DE ?35|TDK", remedy=r"before the last|last byte",
         fix="encrypt the eight bytes before the last one", **_tdk, capture=True),
    _row("first-eight", "encrypts the first eight bytes of the track", swiped(how=_first_eight), r"first (8|eight)",
         r"track|DE ?35|TDK", remedy=r"before the last|last byte",
         fix="encrypt the eight bytes before the last one", **_tdk, capture=True),
    _row("all", "encrypts the whole track", swiped(how=_all), r"whole|all|every block|16 bytes|first 16|entire",
         r"track|DE ?35|TDK", r"encrypt", remedy=r"before the last|last byte",
         fix="encrypt only the eight bytes before the last one", **_tdk, capture=True),
    _row("no-key", "encrypts the track without having asked for a TDK", swiped(lambda pos: bytes(range(16))), r"TDK",
         r"no TDK|without a TDK|has none|never|not (been )?given|\b00[36]\b|package",
         remedy=r"004|TDK|DE ?53", fix="sign on with 004, or send the track in the clear", right=in_clear,
         codes=("30", "40", "14"), capture=True),
    _row("sentinels", "sends the track with its start and end sentinels",
         lambda pos: pos.swipe(track="B" + TRACK[:35] + "F"),
         r"start sentinel", remedy=r"sentinel|them|card number|;|B", fix="leave the sentinels out", right=Pos.swipe,
         capture=True),
    _row("separator", "sends F as the separator of the track", lambda pos: pos.swipe(track=TRACK.replace("D", "F")),
         r"separator", r"\bF\b", remedy=r"\bD\b", fix="send D", right=Pos.swipe, capture=True),
    _row("other-card", "sends a card number beside a track of another card",
         lambda pos: pos.swipe(de2="6221260012345674"),
         r"DE ?2\b", r"DE ?35|track", r"differ|other|not the same|disagree|is of card",
         remedy=r"DE ?2\b|same|card|track",
         fix="send DE 2 as the track has it, or leave it out", right=Pos.swipe, capture=True),
    _row("entry-mode", "says in DE 22 that the card was swiped, and sends no track", lambda pos: pos.sale(de22="022"),
         of(22, r"02|stripe|swipe"), r"DE ?35|track", MISSING + "|no track", remedy=r"DE ?35|DE ?22|track|01",
         fix="send the track, or 012 in DE 22", codes=("30", "00"), capture=True),
    _row("chip-swiped", "swipes a chip card, without saying that the chip failed",
         lambda pos: pos.swipe(track="6221260012345674D301222000000123456"), r"chip",
         r"fallback|60\.5|service code|\b2\b", remedy=r"chip|fallback|60\.5|insert|DE ?60",
         fix="read the chip, or say 2 in 60.5",
         right=lambda pos: pos.swipe(track="6221260012345674D301222000000123456", de60=f"22{pos.batch}00052"),
         codes=("45",), capture=True),
)  # fmt: skip
