"""Why a MAC differs: the mistakes that terminals make are tried, one and then two at a time, until one explains it.

1. Three things can be wrong: the key, the algorithm (or how its result is written), and the bytes covered.
2. A field that is filled with one and the same byte is no MAC at all.
3. What is tried, and the words for it, are tables; which bytes are tried is given by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from acquirer.data.text import plural
from acquirer.security.candidates import Candidate, Combination, advice, first_fit
from acquirer.security.ciphers import CipherName
from acquirer.security.key_candidates import NamedKeys, half_of, key_candidates
from acquirer.security.mac import MAC_ALGORITHMS, MacAlgorithm, fold, two_steps, unionpay_ecb
from acquirer.security.secret import Secret


class MacWay(NamedTuple):
    """A way of computing a MAC; its result is looked for in every way of writing it."""

    raw: Callable[[Secret, bytes], bytes]
    ciphers: frozenset[CipherName]


def diagnose_mac(
    algorithm: MacAlgorithm,
    got: bytes,
    covers: Sequence[Candidate[bytes]],
    generations: Sequence[NamedKeys],
    tmk: Secret | None = None,
    others: Sequence[Candidate[Secret]] = (),
    *,
    has_mak_forms: bool = True,
) -> str:
    """Return what would have made the received MAC, in a sentence; "" when nothing that was tried does.

    Args:
        algorithm: the one that should have been used.
        covers: bytes that may have been covered, the right ones first.
        generations: of working keys, the one that should fit first.
        tmk: with it, mistakes of unwrapping are tried too.
        others: more keys to try, as DUKPT has them.
        has_mak_forms: whether a terminal may be given a single-length MAK in place of a double-length one.
    """
    if empty := filling(got):
        return f"the MAC's field holds {empty}: the terminal computes none; {_COMPUTE}"

    def fits(combination: Combination) -> str | None:
        key, way, cover = combination
        if key.value.cipher not in way.value.ciphers:
            return None
        return _written(way.value.raw(key.value, cover.value), got, algorithm.form)

    keys = key_candidates("mak", generations, tmk, others, has_mak_forms=has_mak_forms)
    found = first_fit((keys, mac_ways(algorithm), covers), fits)
    return _sentence(found[0], found[1], algorithm.form, len(got)) if found else ""


_COMPUTE: Final = "compute the MAC when the message is complete, and put it there"
_FILLINGS: Final = {b"\x00": "zeros only", b" ": "spaces only", b"0": "only digits 0", b"\xff": "bytes FF only"}


def filling(got: bytes) -> str:
    """Return with what a field is filled that should hold a MAC; "" when it is not one and the same byte.

    >>> filling(bytes(8)), filling(b"        "), filling(b"3A57ACBB")
    ('zeros only', 'spaces only', '')
    """
    return "" if len(set(got)) != 1 else _FILLINGS.get(got[:1], f"bytes {got[:1].hex().upper()} only")


# What is tried


def mac_ways(algorithm: MacAlgorithm) -> list[Candidate[MacWay]]:
    """Return the ways of computing a MAC that are tried, the right one first."""
    tried = [Candidate("", "", MacWay(algorithm.raw, algorithm.ciphers))]
    if algorithm.raw is unionpay_ecb:
        tried += _SLIPS
    for other in MAC_ALGORITHMS.values():
        if other.raw not in [one.value.raw for one in tried]:
            hint = f"the terminal uses MAC algorithm {other.name}"
            remedy = f"use MAC algorithm {_named(algorithm)}"
            tried.append(Candidate(f"{other.name} over ", hint, MacWay(other.raw, other.ciphers), remedy))
    return tried


def _named(algorithm: MacAlgorithm) -> str:
    of = "the XOR of all blocks as hex text, encrypted in two steps"
    return f"{algorithm.name}: {of}" if algorithm.raw is unionpay_ecb else algorithm.name


def _fold_itself(key: Secret, data: bytes) -> bytes:
    return key.encrypt(fold(data, key.block_bytes))


def _fold_alone(key: Secret, data: bytes) -> bytes:
    return fold(data, key.block_bytes)


def _half_first(key: Secret, data: bytes) -> bytes:
    return two_steps(half_of(key), key, data)


def _half_last(key: Secret, data: bytes) -> bytes:
    return two_steps(key, half_of(key), data)


def _first_step_only(key: Secret, data: bytes) -> bytes:
    return key.encrypt(_fold_text(key, data)[: key.block_bytes])


def _short_fold(key: Secret, data: bytes) -> bytes:
    return key.encrypt(fold(data, 8).hex().upper().encode())


def _lower_case_fold(key: Secret, data: bytes) -> bytes:
    return _chained(_fold_text(key, data).lower(), key.encrypt, key.encrypt)


def _without_xor(key: Secret, data: bytes) -> bytes:
    return key.encrypt(key.encrypt(_fold_text(key, data)[: key.block_bytes]))


def _second_half_first(key: Secret, data: bytes) -> bytes:
    text, size = _fold_text(key, data), key.block_bytes
    return _chained(text[size:] + text[:size], key.encrypt, key.encrypt)


def _second_decrypted(key: Secret, data: bytes) -> bytes:
    return _chained(_fold_text(key, data), key.encrypt, key.decrypt)


def _decrypted(key: Secret, data: bytes) -> bytes:
    return _chained(_fold_text(key, data), key.decrypt, key.decrypt)


def _fold_text(key: Secret, data: bytes) -> bytes:
    return fold(data, key.block_bytes).hex().upper().encode()


def _chained(text: bytes, first: Callable[[bytes], bytes], second: Callable[[bytes], bytes]) -> bytes:
    """Return the halves of a text chained as `mac.two_steps` chains them, each step by a use of a cipher."""
    half = len(text) // 2
    return second(bytes(a ^ b for a, b in zip(first(text[:half]), text[half:], strict=True)))


_ANY_CIPHER: Final[frozenset[CipherName]] = frozenset({"des", "3des", "sm4", "aes"})
_SLIPS: Final = (
    Candidate(
        "the encrypted fold of ",
        "the terminal encrypts the folded blocks themselves, not their hex text",
        MacWay(_fold_itself, _ANY_CIPHER),
        "encrypt the first half of the hex text, XOR the second, encrypt again",
    ),
    Candidate(
        "the fold alone, without a key, of ",
        "the terminal does not encrypt the folded blocks",
        MacWay(_fold_alone, _ANY_CIPHER),
        "encrypt the first half of the hex text, XOR the second, encrypt again",
    ),
    Candidate(
        "the first encryption alone over ",
        "the terminal leaves out the second encryption",
        MacWay(_first_step_only, _ANY_CIPHER),
        "XOR the second half of the hex text with the result and encrypt it again",
    ),
    Candidate(
        "the fold in lower-case hex text of ",
        "the terminal writes the folded blocks in lower case before it encrypts them",
        MacWay(_lower_case_fold, _ANY_CIPHER),
        "write the folded blocks in upper case",
    ),
    Candidate(
        "two encryptions without the second half of the hex text over ",
        "the terminal leaves out the second half of the hex text",
        MacWay(_without_xor, _ANY_CIPHER),
        "add it to the result of the first encryption by XOR",
    ),
    Candidate(
        "the second half of the hex text before the first over ",
        "the terminal begins with the second half of the hex text",
        MacWay(_second_half_first, _ANY_CIPHER),
        "encrypt the first half, XOR the second, encrypt again",
    ),
    Candidate(
        "a decryption as the second step over ",
        "the terminal decrypts in the second step",
        MacWay(_second_decrypted, _ANY_CIPHER),
        "encrypt in both steps",
    ),
    Candidate(
        "a decryption in both steps over ",
        "the terminal decrypts where it should encrypt",
        MacWay(_decrypted, _ANY_CIPHER),
        "encrypt in both steps",
    ),
    Candidate(
        "the fold in blocks of 8 bytes of ",
        "the terminal folds in blocks of 8 bytes, and those of the cipher have 16",
        MacWay(_short_fold, frozenset({"sm4", "aes"})),
        "fold in blocks of 16 bytes",
    ),
    Candidate(
        "single DES in the first step over ",
        "the terminal takes half of its MAK for the first encryption",
        MacWay(_half_first, frozenset({"3des"})),
        "use the whole MAK in both steps",
    ),
    Candidate(
        "single DES in the second step over ",
        "the terminal takes half of its MAK for the second encryption",
        MacWay(_half_last, frozenset({"3des"})),
        "use the whole MAK in both steps",
    ),
)
"""Misreadings of the UnionPay algorithm; the standard's own wording invites the last."""


# The sentence


class _Form(NamedTuple):
    """One way of writing a result of some bytes into a field."""

    name: str
    words: str
    data: bytes


def _forms(raw: bytes, size: int) -> Iterator[_Form]:
    text, quarter = raw.hex().encode(), raw[: size // 2]
    yield _Form("hex", "upper-case hex text", text.upper()[:size])
    yield _Form("binary", "bytes", raw[:size])
    yield _Form("lower", "lower-case hex text", text[:size])
    yield _Form("packed", f"{plural(len(quarter), 'byte')} with zeros behind them", quarter.ljust(size, b"\x00"))
    yield _Form("packed spaces", f"{plural(len(quarter), 'byte')} with spaces behind them", quarter.ljust(size, b" "))
    yield _Form("packed FF", f"{plural(len(quarter), 'byte')} with bytes FF behind them", quarter.ljust(size, b"\xff"))
    yield _Form("packed right", f"{plural(len(quarter), 'byte')} with zeros before them", quarter.rjust(size, b"\x00"))
    yield _Form("second half", "the second half of the hex text", text.upper()[size : 2 * size])
    yield from _disordered(raw, size)


def _disordered(raw: bytes, size: int) -> Iterator[_Form]:
    """Yield what goes out where a number is written by a machine that begins with its last byte, and the like."""
    text, half = raw.hex().upper().encode()[:size], size // 2
    yield _Form("backwards", "the hex text backwards", text[::-1])
    for part in (raw[:half], raw):
        reversed_text = part[::-1].hex().upper().encode()[:size]
        yield _Form("reversed as text", "the hex text backwards, two digits at a time,", reversed_text)
    yield _Form("text swapped", "the second four characters before the first", text[half:] + text[:half])
    swapped = b"".join([text[at : at + 2][::-1] for at in range(0, len(text), 2)])
    yield _Form("digits swapped", "the hex text with the two digits of each byte swapped", swapped)
    yield _Form("reversed", "the bytes in reverse order", raw[:size][::-1])
    yield _Form("halves swapped", "the second half of the bytes before the first", raw[half:size] + raw[:half])


_RIGHT_WORDS: Final = {"hex": "upper-case hex text belongs", "binary": "{} bytes of the result belong"}
_REMEDIES: Final = {
    "hex": "send the first {} characters of the result's hex text, in upper case",
    "binary": "send the first {} bytes of the result as they are",
}


def _written(raw: bytes, got: bytes, form: str) -> str | None:
    """Return in which words `raw` equals `got`: "" as it should be written, None not at all."""
    found = [one for one in _forms(raw, len(got)) if one.data == got]
    if not found:
        return None
    return "" if any(one.name == form for one in found) else found[0].words


def _sentence(combination: Combination, written: str, form: str, size: int) -> str:
    key, way, cover = combination
    mistake = (
        f"the terminal sends {written} where {_RIGHT_WORDS[form].format(_COUNTS.get(size, size))}" if written else ""
    )
    remedy = _REMEDIES[form].format(_COUNTS.get(size, size)) if written else ""
    return f"{way.words}{cover.words} under {key.words} matches: {advice(combination, mistake, remedy)}"


_COUNTS: Final = {4: "four", 8: "eight"}
