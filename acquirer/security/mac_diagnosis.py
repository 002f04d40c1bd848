"""Why a MAC differs: the mistakes that terminals make are tried, one and then two at a time, until one explains it.

1. Three things can be wrong: the key, the algorithm (or how its result is written), and the bytes covered.
2. A field that is filled with one and the same byte is no MAC at all.
3. What is tried, and the words for it, are tables; which bytes are tried is given by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from acquirer.data.text import plural
from acquirer.security.candidates import Candidate, Combination, Search, advice, first_fit
from acquirer.security.key_candidates import NamedKeys, key_candidates
from acquirer.security.mac import MacAlgorithm
from acquirer.security.mac_ways import mac_ways
from acquirer.security.secret import Secret


def diagnose_mac(
    algorithm: MacAlgorithm,
    got: bytes,
    covers: Sequence[Candidate[bytes]],
    generations: Sequence[NamedKeys],
    tmk: Secret | None = None,
    others: Sequence[Candidate[Secret]] = (),
    *,
    has_mak_forms: bool = True,
) -> Search[str]:
    """Look for what would have made the received MAC, in a sentence; "" when nothing that was tried does.

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
    found = yield from first_fit((keys, mac_ways(algorithm), covers), fits)
    return _sentence(found[0], found[1], algorithm.form, len(got)) if found else ""


_COMPUTE: Final = "compute the MAC when the message is complete, and put it there"
_FILLINGS: Final = {b"\x00": "zeros only", b" ": "spaces only", b"0": "only digits 0", b"\xff": "bytes FF only"}


def filling(got: bytes) -> str:
    """Return with what a field is filled that should hold a MAC; "" when it is not one and the same byte.

    >>> filling(bytes(8)), filling(b"        "), filling(b"3A57ACBB")
    ('zeros only', 'spaces only', '')
    """
    return "" if len(set(got)) != 1 else _FILLINGS.get(got[:1], f"bytes {got[:1].hex().upper()} only")


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
    for start in range(1, size):
        yield _Form("window", f"characters {start + 1} to {start + size} of the hex text", text.upper()[start:][:size])
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


_FILLERS: Final = b"\x00 \xff"
"""Bytes behind, or before, a result that is shorter than its field."""

_RIGHT_WORDS: Final = {"hex": "upper-case hex text belongs", "binary": "{} bytes of the result belong"}
_REMEDIES: Final = {
    "hex": "send the first {} characters of the result's hex text, in upper case",
    "binary": "send the first {} bytes of the result as they are",
}


def _written(raw: bytes, got: bytes, form: str) -> str | None:
    """Return in which words `raw` equals `got`: "" as it should be written, None not at all."""
    if got.upper().translate(None, raw.hex().upper().encode()) and got.translate(None, raw + _FILLERS):
        return None  # it has other digits, or bytes, than the result: most end here, before all forms are made
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
