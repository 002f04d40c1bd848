"""Why a MAC differs: tries the mistakes terminals make, one and then two at a time, and says which one explains it.

Three things can be wrong: the key (an old one, another of the set, half of it, one not unwrapped right), the algorithm
(or how its result is written), and the bytes covered. All of it is tables: what is tried, and in which words it is
told. A wrong MAC costs an attacker nothing, so the work is bounded: some 120 trials, about a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, product
from typing import Final, NamedTuple

from acquirer.security.ciphers import KEY_SIZES, CipherName
from acquirer.security.mac import MAC_ALGORITHMS, MacAlgorithm, fold, two_steps, unionpay_ecb
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys
from acquirer.wire.coverage import COVERAGES
from acquirer.wire.message import Message

Candidate = tuple[str, WorkingKeys]
"""What people call this generation ("current", "previous"), and its keys. The first is the one that should fit."""


_TAKES_DOUBLE: Final = 'the terminal takes a double-length MAK: give it mak = "double" or "duplicated"'


class Mistaken(NamedTuple):
    """A key that a terminal may have taken for its MAK: what it is, and the mistake that it would be."""

    words: str
    hint: str
    key: Secret


class _Way(NamedTuple):
    """A way of computing a MAC; its result is looked for in every way of writing it."""

    words: str
    hint: str
    raw: Callable[[Secret, bytes], bytes]
    ciphers: frozenset[CipherName]


class _Cover(NamedTuple):
    words: str
    hint: str
    data: bytes


def diagnose(
    algorithm: MacAlgorithm,
    message: Message,
    candidates: Sequence[Candidate],
    tmk: Secret | None = None,
    mistaken: Sequence[Mistaken] = (),
) -> list[str]:
    """What would have made the MAC that came: one sentence, or none when nothing that was tried does.

    `algorithm` is the one that should have been used. With the master key, mistakes of unwrapping are tried too;
    `mistaken` are keys that nobody else knows of.
    """
    got = message.dialect.mac_of(message)
    if got is None:
        return []
    generations, others = _generations(candidates), [*mistaken, *_other_keys(candidates, tmk)]
    for key, way, cover in _fewest_mistakes_first(generations, others, _ways(algorithm), _covers(message)):
        if key.key.cipher in way.ciphers:
            written = _written(way.raw(key.key, cover.data), got, algorithm.form)
            if written is not None:
                return [_sentence(key, way, cover, written, algorithm.form)]
    return []


def _fewest_mistakes_first(
    generations: Sequence[Mistaken], others: Sequence[Mistaken], ways: Sequence[_Way], covers: Sequence[_Cover]
) -> Iterator[tuple[Mistaken, _Way, _Cover]]:
    """One thing other than it should be, then two, never three: the first of each sequence is as it should be.

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


def _generations(candidates: Sequence[Candidate]) -> list[Mistaken]:
    (_, current), *old = candidates
    return [
        Mistaken("the same MAK", "", current.mak),
        *(
            Mistaken(f"the {label} MAK (KCV {keys.mak.kcv()})", "the terminal kept its old key", keys.mak)
            for label, keys in old
        ),
    ]


def _other_keys(candidates: Sequence[Candidate], tmk: Secret | None) -> list[Mistaken]:
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


def _neighbours(whose: str, keys: WorkingKeys) -> list[Mistaken]:
    tried = _with_half(f"{whose} PIK", "PIN key", keys.pik)
    if keys.tdk is not None:
        tried += _with_half(f"{whose} TDK", "track key", keys.tdk)
    mak = keys.mak
    if mak.cipher == "3des":
        half = _half(mak)
        hint = 'the terminal takes a single-length MAK: give it mak = "single" or "duplicated"'
        tried.append(Mistaken(f"the first half of {whose} MAK (KCV {half.kcv()})", hint, half))
    elif mak.cipher == "des":
        filled = Secret(mak.reveal() + bytes(mak.block_bytes), "3des")
        words = f"{whose} MAK with eight zero bytes behind it (KCV {filled.kcv()})"
        tried.append(Mistaken(words, _TAKES_DOUBLE, filled))
    return tried


def _with_half(words: str, kind: str, key: Secret) -> list[Mistaken]:
    """A key that is not the MAK, and the first half of it for terminals that know single-length MAKs only."""
    tried = [Mistaken(f"{words} (KCV {key.kcv()})", f"the terminal takes the {kind} for the MAK", key)]
    if key.cipher == "3des":
        half = _half(key)
        hint = f"the terminal takes half of the {kind} for the MAK"
        tried.append(Mistaken(f"the first half of {words} (KCV {half.kcv()})", hint, half))
    return tried


def _unwrapped(whose: str, mak: Secret, master: Secret) -> list[Mistaken]:
    wrapped = master.encrypt(mak.reveal())
    travels = Secret(wrapped, mak.cipher)
    hint = "the terminal did not decrypt it"
    tried = [Mistaken(f"{whose} MAK as it travels (KCV {travels.kcv()})", hint, travels)]
    if mak.cipher == "des":
        filled = Secret(master.decrypt(wrapped + bytes(8)), "3des")
        words = f"{whose} MAK with the zeros behind it decrypted as well (KCV {filled.kcv()})"
        tried.append(Mistaken(words, _TAKES_DOUBLE, filled))
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


def _covers(message: Message) -> list[_Cover]:
    dialect, frame = message.dialect, message.raw
    size = dialect.mac_width
    right = dialect.covered(frame)
    tried = [_Cover("the same MAB", "", right)]
    for name, coverage in COVERAGES.items():
        tried.append(_cover(_COVERED.get(name, name), coverage(frame, dialect.grammar.envelope_bytes, size)))
    return [
        *tried,
        _cover(
            "the frame with its length", dialect.framing.wrap(frame)[: dialect.framing.before_bytes + len(frame) - size]
        ),
        _cover("the MAB with the MAC's bit not yet set in the bitmap", _without_mac_bit(message, right)),
        _cover("the MAB as hex text", right.hex().upper().encode()),
        _cover("the MAB padded with 80 before the zeros", right + b"\x80"),
    ]


_COVERED: Final = {
    "mti-to-mac": "the bytes from the MTI to the MAC",
    "frame-to-mac": "TPDU and head too",
    "head-to-mac": "the head too",
    "mti-to-end-zeroed": "the MAC's own place too, filled with zeros",
    "bitmap-to-mac": "the MAB without the MTI",
}


def _cover(words: str, data: bytes) -> _Cover:
    return _Cover(f"{words} ({len(data)} bytes)", f"the terminal covers {words}", data)


def _without_mac_bit(message: Message, covered: bytes) -> bytes:
    """The covered bytes as they are before a MAC is thought of; unchanged where the bitmap is not among them."""
    dialect = message.dialect
    de = dialect.mac_de(message.fields)
    at = dialect.grammar.envelope_bytes + dialect.grammar.mti_bytes + (de - 1) // 8
    at -= message.raw.find(covered)
    if dialect.grammar.bitmap_encoding != "binary" or not 0 <= at < len(covered):
        return covered
    return covered[:at] + bytes((covered[at] & ~(0x80 >> (de - 1) % 8),)) + covered[at + 1 :]


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


# How it is told

_WRITTEN: Final = {"hex": "upper-case hex text", "lower": "lower-case hex text", "binary": "bytes"}


def _written(raw: bytes, got: bytes, form: str) -> str | None:
    """In which way of writing `raw` is what came; the right way first, because digits alone have no case."""
    size = len(got)
    text = raw.hex().encode()
    ways = {"hex": text.upper()[:size], "lower": text[:size], "binary": raw[:size]}
    return next((way for way in (form, *ways) if ways[way] == got), None)


def _sentence(key: Mistaken, way: _Way, cover: _Cover, written: str, form: str) -> str:
    hints = [hint for hint in (key.hint, way.hint, cover.hint) if hint]
    if written != form:
        hints.append(f"the terminal sends {_WRITTEN[written]} where {_WRITTEN[form]} belongs")
    return f"{way.words}{cover.words} under {key.words} matches: {'; '.join(hints)}"
