"""What puts the package of a layout together, once its keys are made and encrypted: Python source, and compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any, Literal, NamedTuple

from acquirer.security.key_package import KeyPackage
from acquirer.security.secret import SecretFactory
from acquirer.security.working import pack_head


class KeySlice(NamedTuple):
    """Where one key lies in the drawn bytes, and how it fills its field on the wire."""

    name: Literal["pik", "mak", "tdk"]
    factory: SecretFactory
    start: int
    stop: int
    times: int  # how often its cipher text is written
    zeros: bytes  # and what fills the rest


PutTogether = Callable[[bytes, bytes], tuple[bytes, bytes, str]]
"""Takes fresh keys with their KCVs, and the keys under the TMK; returns their package, the keys as the vault keeps
them, and their KCVs for eyes: the arguments of `IssuedKeys`."""


def compiled_package(package: KeyPackage, slices: Sequence[KeySlice]) -> PutTogether:
    """Return what puts the package of a layout together: Python source made of its numbers, and compiled."""
    wire: list[str] = []
    kcvs: list[str] = []
    by_name = {one.name: one for one in slices}
    for one in slices:
        wire += [f"wrapped_{one.name}"] * one.times + [repr(one.zeros)] * bool(one.zeros) + [f"kcv_{one.name}"]
        kcvs.append(f"{one.name} {{kcv_{one.name}.hex()}}")
    named = [by_name.get(name) for name in ("pik", "mak", "tdk")]
    heads = pack_head([None if one is None else (one.factory.cipher, one.stop - one.start) for one in named])
    packed = [f"{head!r}, {one.name}" for head, one in zip(heads, filter(None, named), strict=True)]
    joined = f'b"".join(({", ".join(wire)}))' + ".hex().upper().encode()" * (package.form == "hex")
    keys = "".join([f"{one.stop - one.start}s" for one in slices])
    names: dict[str, Any] = {
        "cut": Struct(keys).unpack,
        "cut_fresh": Struct(keys + f"{package.kcv_bytes}s" * len(slices)).unpack,
    }
    source = [
        "def put_together(fresh, wrapped):",
        f"[{', '.join([f'{before}{one.name}' for before in ('', 'kcv_') for one in slices])}] = cut_fresh(fresh)",
        f"[{', '.join([f'wrapped_{one.name}' for one in slices])}] = cut(wrapped)",
        f'return {joined}, b"".join(({", ".join(packed)})), f"{", ".join(kcvs)}".upper()',
    ]
    exec(compile("\n    ".join(source), "<generated package>", "exec"), names)  # noqa: S102  of a checked layout only
    put_together: PutTogether = names["put_together"]
    return put_together
