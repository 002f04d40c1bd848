"""Every step of what a terminal computes, for the commands that show it: packages unwrapped, MACs made, PINs found.

Clear keys and PINs are shown only where a caller asks for it by name (`unsafe`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from acquirer.data.text import plural
from acquirer.security.blocks import VERSIONS
from acquirer.security.candidates import fewest_mistakes_first
from acquirer.security.key_candidates import NamedKeys
from acquirer.security.key_package import KeyPackage
from acquirer.security.mac import MAC_ALGORITHMS, MacAlgorithm, fold, pad_zeros, unionpay_ecb
from acquirer.security.packages import PackageError, accept_package, wrap_cipher
from acquirer.security.pin import PinFormat
from acquirer.security.pin_diagnosis import CIPHER_USES, layout_fits, pin_keys, used_otherwise
from acquirer.security.pin_layouts import pin_layouts
from acquirer.security.secret import Secret

_SINGLE_BYTES: Final = 8


class WorkStep(NamedTuple):
    """One step: what it is, what came out of it in hex, and a remark."""

    name: str
    value: str
    remark: str = ""


# MACs


def mac_steps(algorithm: MacAlgorithm, key: Secret, data: bytes, size: int = 8) -> Iterator[WorkStep]:
    """Yield the steps of a MAC from the covered bytes to what is sent."""
    block = key.block_bytes
    padded = pad_zeros(data, block)
    yield WorkStep("MAB", plural(len(data), "byte"), f"{plural(len(padded) // block, 'block')} of {block}")
    for number, at in enumerate(range(0, len(padded), block), 1):
        filled = max(0, at + block - len(data))
        remark = f"{filled} of its bytes are filled with zeros" if filled else ""
        yield WorkStep(f"block {number}", _hex(padded[at : at + block]), remark)
    if algorithm.raw is unionpay_ecb:
        yield from _unionpay_steps(key, data)
    else:
        yield WorkStep("result", _hex(algorithm.raw(key, data)), f"{algorithm.name}, MAK KCV {key.kcv()}")
    sent = algorithm(key, data, size)
    text = sent.decode("latin-1") if algorithm.form == "hex" else _hex(sent)
    yield WorkStep("MAC", text, f"{len(sent)} {'characters' if algorithm.form == 'hex' else 'bytes'}, as they are sent")


def _unionpay_steps(key: Secret, data: bytes) -> Iterator[WorkStep]:
    size = key.block_bytes
    folded = fold(data, size)
    text = folded.hex().upper().encode()
    first = key.encrypt(text[:size])
    between = bytes(a ^ b for a, b in zip(first, text[size:], strict=True))
    yield WorkStep("fold", _hex(folded), "all blocks XORed")
    yield WorkStep("as text", text.decode(), "its hexadecimal digits, in upper case")
    yield WorkStep("first half encrypted", _hex(first), f"of the text, under MAK KCV {key.kcv()}")
    yield WorkStep("XOR the second half", _hex(between))
    yield WorkStep("encrypted again", _hex(key.encrypt(between)), "its first hexadecimal digits are the MAC")


def mac_results(key: Secret, data: bytes, size: int = 8) -> list[WorkStep]:
    """Return the MAC of covered bytes by every algorithm that takes the key, as it is sent."""
    found = []
    for algorithm in MAC_ALGORITHMS.values():
        if key.cipher in algorithm.ciphers:
            sent = algorithm(key, data, size)
            found.append(WorkStep(algorithm.name, sent.decode("latin-1") if algorithm.form == "hex" else _hex(sent)))
    return found


# Key packages


def package_steps(package: KeyPackage, tmk: Secret, data: bytes, *, unsafe: bool = False) -> Iterator[WorkStep]:
    """Yield the steps of unwrapping a key package; keys in the clear only where `unsafe` asks for them."""
    wrap = tmk.using(wrap_cipher(package))
    yield WorkStep("TMK", _hex(wrap.reveal()) if unsafe else "", f"{wrap.cipher.upper()}, KCV {wrap.kcv()}")
    if package.wrap not in VERSIONS:
        at = 0
        for part in package.parts:
            wrapped = data[at : at + part.size_bytes]
            kcv = data[at + part.size_bytes :][: package.kcv_bytes]
            at += part.size_bytes + package.kcv_bytes
            yield from _key_steps(package, part.name.upper(), wrap, wrapped, kcv, unsafe=unsafe)
        if at != len(data):
            yield WorkStep("length", str(len(data)), f"package {package.selector} has {plural(at, 'byte')}")
            return
    try:
        keys = accept_package(package, tmk, data)
    except PackageError as exc:
        yield WorkStep("refused", str(exc))
    else:
        yield WorkStep("taken", keys.kcvs)


def _key_steps(
    package: KeyPackage, name: str, wrap: Secret, wrapped: bytes, kcv: bytes, *, unsafe: bool
) -> Iterator[WorkStep]:
    yield WorkStep(f"{name} as it travels", _hex(wrapped), f"{len(wrapped)} bytes")
    if len(wrapped) % wrap.block_bytes or not wrapped:
        yield WorkStep(f"{name} decrypted", "", "not whole blocks")
        return
    single = name == "MAK" and package.mak_form and not any(wrapped[_SINGLE_BYTES:])
    clear = wrap.decrypt(wrapped[:_SINGLE_BYTES] if single else wrapped)
    key = Secret(clear, "des" if single else package.cipher)
    remark = "single length: the second half is no cipher text" if single else f"{key.cipher.upper()}"
    yield WorkStep(f"{name} decrypted", _hex(clear) if unsafe else "", remark)
    computed = key.kcv(package.kcv_bytes)
    fits = "the same" if computed == _hex(kcv) else f"differs from {_hex(kcv)}, which came"
    yield WorkStep(f"{name} KCV", computed, fits)


# PIN blocks


class OpenedBlock(NamedTuple):
    """One way in which a PIN block opens."""

    key: str
    layout: str
    pin: str  # "" unless it may be shown


def pin_candidates(
    block: bytes,
    pan: str,
    declared: PinFormat | None,
    generations: Sequence[NamedKeys],
    tmk: Secret | None = None,
    *,
    unsafe: bool = False,
) -> list[OpenedBlock]:
    """Return each key under which a block opens, of all that a diagnosis tries, and the layout it then has."""
    axes = pin_keys(generations, tmk), pin_layouts(declared, pan, len(block))
    together = [[one._replace(alone=False) for one in axis] for axis in axes]
    found: dict[Secret | None, OpenedBlock] = {}
    for key, layout, use in fewest_mistakes_first((*together, CIPHER_USES)):
        digits = layout_fits(key.value, layout.value, used_otherwise(use.value, key.value, block), pan)
        if digits is not None:
            words = layout.words or (declared.name if declared else "")
            found.setdefault(key.value, OpenedBlock(key.words + use.words, words, digits if unsafe else ""))
    return list(found.values())


def _hex(data: bytes) -> str:
    return data.hex().upper()
