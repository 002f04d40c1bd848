"""Why an encrypted track opens to no card number: keys and places of the encrypted block are tried until one fits.

What a right track looks like is the caller's (`is_card`). A wrong key gives nothing but digits by a chance of one in
2000, so the caller looks at the service code too, and few keys are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from acquirer.security.candidates import Candidate, Combination, advice, finished, first_fit
from acquirer.security.key_candidates import NamedKeys, key_candidates
from acquirer.security.secret import Secret

TRACK_TRIALS_MOST: Final = 60

EncryptedPart = Callable[[int, int], tuple[int, int] | None]
"""Takes the bytes of a track and of a block; returns from where to where it is encrypted."""


def diagnose_track(
    track: str, generations: Sequence[NamedKeys], is_card: Callable[[str], bool], tmk: Secret | None = None
) -> str:
    """Return under which key, and how, a track opens to a card number, in a sentence; "" when nothing tried does."""
    keys = key_candidates("tdk", generations, tmk) or _without_tdk(generations, tmk)
    if not keys or not set(track) <= set("0123456789ABCDEF"):
        return ""

    def fits(combination: Combination) -> str | None:
        key, place = combination
        fillings = "0F" if len(track) % 2 else "0"
        return "" if any(is_card(_opened(key.value, place.value, track, filling)) for filling in fillings) else None

    found = finished(first_fit((keys, list(_places(keys[0].value.block_bytes))), fits, TRACK_TRIALS_MOST))
    if found is None:
        return ""
    key, place = found[0]
    where = f"with {place.words} encrypted" if place.words else ""
    return " ".join(("it opens under", key.words, where)).rstrip() + f": {advice(found[0])}"


def _without_tdk(generations: Sequence[NamedKeys], tmk: Secret | None) -> list[Candidate[Secret]]:
    """Return the keys to try where the terminal has been given no track key."""
    (_, keys), *_ = generations
    named = (("PIK", "PIN key", keys.pik), ("MAK", "MAC key", keys.mak), ("TMK", "master key", tmk))
    hint = "the terminal takes the {} for the TDK, of which it has none"
    return [
        Candidate(f"the {name} (KCV {key.kcv()})", hint.format(words), key)
        for name, words, key in named
        if key is not None
    ]


def _places(block_bytes: int) -> Iterator[Candidate[EncryptedPart]]:
    yield Candidate("", "", lambda size, block: (size - 1 - block, size - 1))
    for words, hint, place in _OTHER_PLACES:
        yield Candidate(words, f"the terminal encrypts {hint.format(block_bytes)}", place, _REMEDY)


_REMEDY: Final = "encrypt the block before the last byte, and nothing else"
_OTHER_PLACES: Final[tuple[tuple[str, str, EncryptedPart], ...]] = (
    ("the last block", "the last {} bytes", lambda size, block: (size - block, size)),
    ("the first block", "the first {} bytes", lambda _, block: (0, block)),
    ("every whole block", "the whole track", lambda size, block: (0, size - size % block)),
)


def _opened(key: Secret, place: EncryptedPart, track: str, filling: str) -> str:
    packed = bytes.fromhex(track + filling * (len(track) % 2))
    found = place(len(packed), key.block_bytes)
    if found is None or not 0 <= found[0] < found[1] <= len(packed):
        return ""
    start, stop = found
    changed = packed[:start] + key.decrypt(packed[start:stop]) + packed[stop:]
    return changed.hex().upper()[: len(track)]
