"""The keys that a terminal may have used in place of the right one, for every diagnosis that has a key among its axes.

1. An old one: so common that it may hide a second mistake. Every other is tried by itself.
2. Another of the set (PIN key for MAC key …), or half of one.
3. One not unwrapped right: as it travels, under half of the TMK, encrypted where it should be decrypted, chained, under
   another cipher, its filling decrypted as well, read beside its place, its digits taken as text.
4. The TMK itself; and keys unwrapped with a TMK that everybody has because it is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

from acquirer.data.text import plural
from acquirer.security.candidates import Candidate
from acquirer.security.ciphers import KEY_SIZES, CipherName
from acquirer.security.secret import Secret
from acquirer.security.working import WorkingKeys

KeyRole = Literal["pik", "mak", "tdk"]
NamedKeys = tuple[str, WorkingKeys]
"""What people call a generation ("current", "previous"), and its keys. The first is the one that should fit."""

KEY_WORDS: Final[dict[KeyRole, str]] = {"pik": "PIN key", "mak": "MAC key", "tdk": "track key"}

PUBLISHED_TMKS: Final = (
    ("zeros", "00" * 16),
    ("0123456789ABCDEF FEDCBA9876543210", "0123456789ABCDEFFEDCBA9876543210"),
    ("bytes 11", "11" * 16),
    ("bytes 31", "31" * 16),
    ("bytes 38", "38" * 16),
    ("bytes FF", "FF" * 16),
)
"""Master keys of manuals, tools and devices as delivered, which terminals keep when none is injected."""

_SINGLE: Final = "take its first 8 bytes for the MAK"
_TAKES_DOUBLE: Final = 'the terminal takes a double-length MAK: give it mak = "double" or "duplicated"'
_KEPT: Final = ("the terminal kept its old key", "take the keys from the reply of each sign-on")
_MIXED: Final = ("the terminal mixes its key sets", "use the PIN, MAC and track key of the same sign-on together")
_ONCE: Final = "decrypt it with the TMK, once"


def key_candidates(
    role: KeyRole,
    generations: Sequence[NamedKeys],
    tmk: Secret | None = None,
    others: Sequence[Candidate[Secret]] = (),
    *,
    has_mak_forms: bool = True,
) -> list[Candidate[Secret]]:
    """Return the keys to try for one role, the right one first. Empty where the first generation has no such key.

    Args:
        generations: of working keys, the one that should fit first.
        tmk: with it, mistakes of unwrapping are tried too.
        others: more keys to try, as DUKPT has them, where keys are those of one message.
        has_mak_forms: whether a terminal may be given a single-length MAK in place of a double-length one.
    """
    (_, current), *old = generations
    right = _key(current, role)
    if right is None:
        return []
    name = role.upper()
    tried = [Candidate(f"the same {name}", "", right)]
    for label, keys in old:
        if (key := _key(keys, role)) is not None:
            hint, remedy = _KEPT if role == "mak" else _MIXED
            tried.append(Candidate(f"the {label} {name} (KCV {key.kcv()})", hint, key, remedy))
    rare = [*others]
    master = _master(tmk, right)
    for label, keys in generations:
        whose = "the" if keys is current else f"the {label}"
        rare += _of_other_roles(role, whose, keys)
        if (key := _key(keys, role)) is not None:
            rare += _parts(role, whose, key, has_mak_forms=has_mak_forms and not others)
            may_be_any = role != "tdk"  # under a wrong key a track is digits, and so a card, by chance
            rare += _written_otherwise(role, whose, key) if may_be_any else ()
            if master is not None and len(key) % master.block_bytes == 0:
                rare += _unwrapped(role, whose, key, master)
                rare += _under_other_masters(role, whose, key, master) if may_be_any else ()
                rare += _beside_its_place(whose, keys, master) if role == "mak" else ()
    if master is not None:
        rare += _with_half("the TMK", "master key", role, master)
    zeros = Secret(bytes(len(right)), right.cipher)
    rare.append(Candidate(f"a {name} of zeros", f"the terminal has no {name} yet: its bytes are zeros", zeros))
    of = "that is derived for the KSN of this message" if others else "of the last sign-on"
    use = f"use the {name} {of} (KCV {right.kcv()})"
    return [*tried, *(one._replace(alone=True, remedy=one.remedy or use) for one in rare)]


def _key(keys: WorkingKeys, role: KeyRole) -> Secret | None:
    return {"pik": keys.pik, "mak": keys.mak, "tdk": keys.tdk}[role]


def _master(tmk: Secret | None, key: Secret) -> Secret | None:
    wrap: CipherName = "3des" if key.cipher == "des" else key.cipher
    return tmk.using(wrap) if tmk is not None and len(tmk) in KEY_SIZES[wrap] else None


def _of_other_roles(role: KeyRole, whose: str, keys: WorkingKeys) -> Iterator[Candidate[Secret]]:
    for other, words in KEY_WORDS.items():
        key = _key(keys, other)
        if other != role and key is not None:
            yield from _with_half(f"{whose} {other.upper()}", words, role, key)


def _with_half(words: str, kind: str, role: KeyRole, key: Secret) -> Iterator[Candidate[Secret]]:
    """Yield a key that is another than it should be, and its first half for terminals that know single keys only."""
    yield Candidate(f"{words} (KCV {key.kcv()})", f"the terminal takes the {kind} for the {role.upper()}", key)
    if key.cipher == "3des":
        half = key.half()
        hint = f"the terminal takes half of the {kind} for the {role.upper()}"
        yield Candidate(f"the first half of {words} (KCV {half.kcv()})", hint, half)
        half = key.half(1)
        hint = f"the terminal takes the second half of the {kind} for the {role.upper()}"
        yield Candidate(f"the second half of {words} (KCV {half.kcv()})", hint, half)


def _parts(role: KeyRole, whose: str, key: Secret, *, has_mak_forms: bool) -> Iterator[Candidate[Secret]]:
    """Yield what may be made of the right key by taking half of it, or more than there is."""
    name = role.upper()
    if key.cipher == "3des":
        first, second = key.half(), key.half(1)
        hint, both = f"the terminal takes half of its {name}", "use both halves of the key"
        if role == "mak" and has_mak_forms:
            hint = 'the terminal takes a single-length MAK: give it mak = "single" or "duplicated"'
        yield Candidate(f"the first half of {whose} {name} (KCV {first.kcv()})", hint, first, both)
        hint = f"the terminal takes the second half of its {name}"
        yield Candidate(f"the second half of {whose} {name} (KCV {second.kcv()})", hint, second, both)
        if len(key) == 16:
            swapped = Secret(second.reveal() + first.reveal(), "3des")
            hint = f"the terminal swaps the halves of its {name}"
            yield Candidate(
                f"{whose} {name} with its halves swapped (KCV {swapped.kcv()})",
                hint,
                swapped,
                "keep them in their order",
            )
    elif key.cipher == "sm4":
        other = Secret(key.reveal(), "3des")
        hint = f"the terminal uses 3DES with its {name}, which is a key for SM4"
        yield Candidate(f"{whose} {name} as a key for 3DES (KCV {other.kcv()})", hint, other, "compute it by SM4")
    elif key.cipher == "des":
        filled = Secret(key.reveal() + bytes(key.block_bytes), "3des")
        words = f"{whose} {name} with eight zero bytes behind it (KCV {filled.kcv()})"
        yield Candidate(words, _TAKES_DOUBLE, filled, _SINGLE)


def _written_otherwise(role: KeyRole, whose: str, key: Secret) -> Iterator[Candidate[Secret]]:
    """Yield a key whose bytes are not those that were taken out of the package."""
    name, clear = role.upper(), key.reveal()
    characters = clear.hex().upper().encode()
    texts = [Secret(characters[: len(clear)], key.cipher)]
    texts += [Secret(characters, "3des")] if key.cipher == "des" else []
    for text in texts:
        hint = f"the terminal takes {len(text)} characters of its {name}'s hexadecimal text for the key"
        remedy = "use the bytes that the digits stand for"
        yield Candidate(f"{whose} {name} as text (KCV {text.kcv()})", hint, text, remedy)
    turned = Secret(clear[::-1], key.cipher)
    hint = f"the terminal reverses the bytes of its {name}"
    yield Candidate(f"{whose} {name} reversed (KCV {turned.kcv()})", hint, turned, "keep its bytes in their order")


_SLIPS_BYTES: Final = ((4, -4), (3, -3), (4, -1), (4, 1), (4, 4), (4, -8))
"""Bytes of a check value, and by how many a key is read beside its place: with the check value before it, or half of
the key before it left out of account, with another size of check values."""


def _beside_its_place(whose: str, keys: WorkingKeys, master: Secret) -> Iterator[Candidate[Secret]]:
    """Yield what a terminal decrypts that counts wrongly where the MAK stands in its package, behind the PIK."""
    mak, pik = keys.mak, keys.pik
    if len(pik) % master.block_bytes:
        return
    wrapped = master.encrypt(mak.reveal()) + bytes(max(0, len(pik) - len(mak)))
    for kcv_bytes, off in _SLIPS_BYTES:
        first = master.encrypt(pik.reveal()) + pik.check_value(kcv_bytes)
        at = len(first) + off
        data = (first + wrapped + mak.check_value(kcv_bytes))[at : at + len(mak)]
        taken = Secret(master.decrypt(data), mak.cipher)
        words = f"{plural(abs(off), 'byte')} {'before' if off < 0 else 'behind'} its place"
        hint = f"the terminal reads its MAK {words} in the key package"
        remedy = "read it behind the check value of the PIK"
        yield Candidate(f"{whose} MAK read {words} (KCV {taken.kcv()})", hint, taken, remedy)


def _unwrapped(role: KeyRole, whose: str, key: Secret, master: Secret) -> Iterator[Candidate[Secret]]:
    """Yield what a terminal gets that does not take the key out of its package as it should."""
    name, cipher = role.upper(), key.cipher
    wrapped = master.encrypt(key.reveal())
    travels = Secret(wrapped, cipher)
    yield Candidate(
        f"{whose} {name} as it travels (KCV {travels.kcv()})", "the terminal did not decrypt it", travels, _ONCE
    )
    if cipher == "des":
        filled = Secret(master.decrypt(wrapped + bytes(8)), "3des")
        words = f"{whose} {name} with the zeros behind it decrypted as well (KCV {filled.kcv()})"
        yield Candidate(words, _TAKES_DOUBLE, filled, _SINGLE)
    twice = Secret(master.encrypt(wrapped), cipher)
    hint = "the terminal encrypts what it should decrypt"
    yield Candidate(f"{whose} {name} encrypted once more with the TMK (KCV {twice.kcv()})", hint, twice, _ONCE)
    if master.cipher == "3des":
        half = master.half()
        single = Secret(half.decrypt(wrapped), cipher)
        words = f"{whose} {name} decrypted with half of the TMK (KCV {single.kcv()})"
        hint = f"the terminal decrypts with half of its TMK (KCV {half.kcv()})"
        yield Candidate(words, hint, single, "decrypt it by 3DES with the whole TMK")
        if len(master) == 16:
            swapped = Secret(master.half(1).reveal() + half.reveal(), "3des")
            moved = Secret(swapped.decrypt(wrapped), cipher)
            words = f"{whose} {name} decrypted with the halves of the TMK swapped (KCV {moved.kcv()})"
            hint = f"the halves of the terminal's TMK are swapped (KCV {swapped.kcv()})"
            yield Candidate(words, hint, moved, f"enter them in their order (KCV {master.kcv()})")
    size = master.block_bytes
    if len(wrapped) > size:
        clear, before = key.reveal(), b"\x00" * size + wrapped[:-size]
        chained = Secret(bytes(a ^ b for a, b in zip(clear, before, strict=True)), cipher)
        words = f"{whose} {name} decrypted in CBC (KCV {chained.kcv()})"
        hint = "the terminal decrypts its keys in CBC, and they are encrypted block by block (ECB)"
        yield Candidate(words, hint, chained, "decrypt each block by itself")
    other: CipherName = "sm4" if master.cipher == "3des" else "3des"
    if len(master) == 16 and len(wrapped) == 16 and master.cipher in ("3des", "sm4"):
        mixed = Secret(master.using(other).decrypt(wrapped), cipher)
        words = f"{whose} {name} decrypted by {other.upper()} (KCV {mixed.kcv()})"
        hint = f"the terminal decrypts its keys by {other.upper()}, and they are encrypted by {master.cipher.upper()}"
        yield Candidate(words, hint, mixed, f"decrypt them by {master.cipher.upper()}")
    for digits_words, digits in PUBLISHED_TMKS:
        published = Secret(bytes.fromhex(digits), master.cipher)
        if published != master:
            known = Secret(published.decrypt(wrapped), cipher)
            hint = f"the terminal's TMK is a published one (KCV {published.kcv()}), the host's has KCV {master.kcv()}"
            words = f"{whose} {name} decrypted with a TMK of {digits_words} (KCV {known.kcv()})"
            yield Candidate(words, hint, known, "enter the same TMK on both sides")


def _under_other_masters(role: KeyRole, whose: str, key: Secret, master: Secret) -> Iterator[Candidate[Secret]]:
    """Yield a key that was decrypted with another form of the TMK."""
    if master.cipher != "3des" or len(master) != 16:
        return
    name, clear, wrapped = role.upper(), master.reveal(), master.encrypt(key.reveal())
    text = clear.hex().upper().encode()
    for form, mistake, other in (
        ("the second half of the TMK", "decrypts with the second half of its TMK", master.half(1)),
        ("the TMK reversed", "reverses the bytes of its TMK", Secret(clear[::-1], "3des")),
        ("the TMK as text", "takes the hexadecimal text of its TMK for the key", Secret(text[:16], "3des")),
        ("the TMK as text", "takes the hexadecimal text of its TMK for the key", Secret(text[:24], "3des")),
    ):
        taken = Secret(other.decrypt(wrapped), key.cipher)
        hint = f"the terminal {mistake} (KCV {other.kcv()})"
        remedy = f"decrypt it with the whole TMK, its bytes in their order (KCV {master.kcv()})"
        yield Candidate(f"{whose} {name} decrypted with {form} (KCV {taken.kcv()})", hint, taken, remedy)
