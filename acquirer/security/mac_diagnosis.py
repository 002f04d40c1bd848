"""Why a MAC differs: the mistakes that terminals make are tried, one and then two at a time, until one explains it.

1. Three things can be wrong: the key (an old one, another of the set, half of it, one not unwrapped right), the
   algorithm (or how its result is written), and the bytes covered.
2. What is tried, and the words for it, are tables; which bytes are tried is given by the caller.
3. A wrong MAC costs an attacker nothing, so the work is bounded: some 120 trials, about a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, product
from typing import Final, NamedTuple

from acquirer.security.ciphers import KEY_SIZES, CipherName
from acquirer.security.mac import MAC_ALGORITHMS, MacAlgorithm, fold, two_steps, unionpay_ecb
from acquirer.security.secret import MistakenKey, Secret
from acquirer.security.working import WorkingKeys

Candidate = tuple[str, WorkingKeys]
"""What people call this generation ("current", "previous"), and its keys. The first is the one that should fit."""


_TAKES_DOUBLE: Final = 'the terminal takes a double-length MAK: give it mak = "double" or "duplicated"'


class _Way(NamedTuple):
    """A way of computing a MAC; its result is looked for in every way of writing it."""

    words: str
    hint: str
    raw: Callable[[Secret, bytes], bytes]
    ciphers: frozenset[CipherName]


class Cover(NamedTuple):
    """Bytes that a terminal may have taken for the MAB: in words, the mistake it would be, the bytes."""

    words: str
    hint: str
    data: bytes


def diagnose(
    algorithm: MacAlgorithm,
    got: bytes,
    covers: Sequence[Cover],
    candidates: Sequence[Candidate],
    tmk: Secret | None = None,
    mistaken: Sequence[MistakenKey] = (),
) -> list[str]:
    """Return what would have made the received MAC: one sentence, or none when nothing that was tried does.

    `algorithm` is the one that should have been used. With the master key, mistakes of unwrapping are tried too;
    `mistaken` are more keys to try, as DUKPT has them.
    """
    generations, others = _generations(candidates), [*mistaken, *_other_keys(candidates, tmk)]
    for key, way, cover in _fewest_mistakes_first(generations, others, _ways(algorithm), covers):
        if key.key.cipher in way.ciphers:
            written = _written(way.raw(key.key, cover.data), got, algorithm.form)
            if written is not None:
                return [_sentence(key, way, cover, written, algorithm.form)]
    return []


def _fewest_mistakes_first(
    generations: Sequence[MistakenKey], others: Sequence[MistakenKey], ways: Sequence[_Way], covers: Sequence[Cover]
) -> Iterator[tuple[MistakenKey, _Way, Cover]]:
    """Return one thing other than it should be, then two, never three: the first of each sequence is as it should be.

    Of the wrong keys only an old one is so common that it may hide a second mistake.
    """
    (key, *old), (way, *other_ways), (cover, *other_covers) = generations, ways, covers
    return chain(
        product((*generations, *others), (way,), (cover,)),
        product((key,), (way,), other_covers),
        product((key,), other_ways, (cover,)),
        product(old, (way,), other_covers),
        product(old, other_ways, (cover,)),
        product((key,), other_ways, other_covers),
    )


# What is tried


def _generations(candidates: Sequence[Candidate]) -> list[MistakenKey]:
    (_, current), *old = candidates
    return [
        MistakenKey("the same MAK", "", current.mak),
        *(
            MistakenKey(f"the {label} MAK (KCV {keys.mak.kcv()})", "the terminal kept its old key", keys.mak)
            for label, keys in old
        ),
    ]


def _other_keys(candidates: Sequence[Candidate], tmk: Secret | None) -> list[MistakenKey]:
    current = candidates[0][1]
    wrap: CipherName = "3des" if current.mak.cipher == "des" else current.mak.cipher
    master = tmk.using(wrap) if tmk is not None and len(tmk) in KEY_SIZES[wrap] else None
    tried = []
    for label, keys in candidates:
        whose = "the" if keys is current else f"the {label}"
        tried += _neighbours(whose, keys)
        if master is not None and len(keys.mak) % master.block_bytes == 0:
            tried += _unwrapped(whose, keys.mak, master)
    if master is not None:
        tried += _with_half("the TMK", "master key", master)
    return tried


def _neighbours(whose: str, keys: WorkingKeys) -> list[MistakenKey]:
    tried = _with_half(f"{whose} PIK", "PIN key", keys.pik)
    if keys.tdk is not None:
        tried += _with_half(f"{whose} TDK", "track key", keys.tdk)
    mak = keys.mak
    if mak.cipher == "3des":
        half = _half(mak)
        hint = 'the terminal takes a single-length MAK: give it mak = "single" or "duplicated"'
        tried.append(MistakenKey(f"the first half of {whose} MAK (KCV {half.kcv()})", hint, half))
    elif mak.cipher == "des":
        filled = Secret(mak.reveal() + bytes(mak.block_bytes), "3des")
        words = f"{whose} MAK with eight zero bytes behind it (KCV {filled.kcv()})"
        tried.append(MistakenKey(words, _TAKES_DOUBLE, filled))
    return tried


def _with_half(words: str, kind: str, key: Secret) -> list[MistakenKey]:
    """Return a key that is not the MAK, and the first half of it for terminals that know single-length MAKs only."""
    tried = [MistakenKey(f"{words} (KCV {key.kcv()})", f"the terminal takes the {kind} for the MAK", key)]
    if key.cipher == "3des":
        half = _half(key)
        hint = f"the terminal takes half of the {kind} for the MAK"
        tried.append(MistakenKey(f"the first half of {words} (KCV {half.kcv()})", hint, half))
    return tried


def _unwrapped(whose: str, mak: Secret, master: Secret) -> list[MistakenKey]:
    wrapped = master.encrypt(mak.reveal())
    travels = Secret(wrapped, mak.cipher)
    hint = "the terminal did not decrypt it"
    tried = [MistakenKey(f"{whose} MAK as it travels (KCV {travels.kcv()})", hint, travels)]
    if mak.cipher == "des":
        filled = Secret(master.decrypt(wrapped + bytes(8)), "3des")
        words = f"{whose} MAK with the zeros behind it decrypted as well (KCV {filled.kcv()})"
        tried.append(MistakenKey(words, _TAKES_DOUBLE, filled))
    return tried


def _ways(algorithm: MacAlgorithm) -> list[_Way]:
    tried = [_Way("", "", algorithm.raw, algorithm.ciphers)]
    if algorithm.raw is unionpay_ecb:
        tried += _SLIPS
    for other in MAC_ALGORITHMS.values():
        if other.raw not in [way.raw for way in tried]:
            hint = f"the terminal uses MAC algorithm {other.name}"
            tried.append(_Way(f"{other.name} over ", hint, other.raw, other.ciphers))
    return tried


def _fold_itself(key: Secret, data: bytes) -> bytes:
    return key.encrypt(fold(data, key.block_bytes))


def _half_first(key: Secret, data: bytes) -> bytes:
    return two_steps(_half(key), key, data)


def _half_last(key: Secret, data: bytes) -> bytes:
    return two_steps(key, _half(key), data)


def _half(key: Secret) -> Secret:
    return Secret(key.reveal()[:8], "des")


_SLIPS: Final = (
    _Way(
        "the encrypted fold of ",
        "the terminal encrypts the folded blocks themselves, not their hex text",
        _fold_itself,
        frozenset({"des", "3des", "sm4", "aes"}),
    ),
    _Way(
        "single DES in the first step over ",
        "the terminal takes half of its MAK for the first encryption",
        _half_first,
        frozenset({"3des"}),
    ),
    _Way(
        "single DES in the second step over ",
        "the terminal takes half of its MAK for the second encryption",
        _half_last,
        frozenset({"3des"}),
    ),
)
"""Misreadings of the UnionPay algorithm; the standard's own wording invites the last."""


# The sentence

_WRITTEN: Final = {"hex": "upper-case hex text", "lower": "lower-case hex text", "binary": "bytes"}


def _written(raw: bytes, got: bytes, form: str) -> str | None:
    """Return the form in which `raw` equals `got`; the right one first, because digits alone have no case."""
    size = len(got)
    text = raw.hex().encode()
    ways = {"hex": text.upper()[:size], "lower": text[:size], "binary": raw[:size]}
    return next((way for way in (form, *ways) if ways[way] == got), None)


def _sentence(key: MistakenKey, way: _Way, cover: Cover, written: str, form: str) -> str:
    hints = [hint for hint in (key.hint, way.hint, cover.hint) if hint]
    if written != form:
        hints.append(f"the terminal sends {_WRITTEN[written]} where {_WRITTEN[form]} belongs")
    return f"{way.words}{cover.words} under {key.words} matches: {'; '.join(hints)}"
