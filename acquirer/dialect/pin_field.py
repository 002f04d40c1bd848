"""Whether a dialect has room for PIN blocks under a key: those of SM4 and AES are twice as large as those of 3DES."""

from __future__ import annotations

from collections.abc import Iterable

from acquirer.dialect.dialect import Dialect
from acquirer.security.ciphers import BLOCK_BYTES
from acquirer.security.key_package import KeyPackage
from acquirer.security.pin import PinError
from acquirer.security.secret import Secret


class PinFieldError(PinError):
    """A key whose PIN blocks are larger than the dialect's field: nothing about the block itself explains it."""


def check_block_size(dialect: Dialect, packages: Iterable[KeyPackage], pik: Secret, block: bytes) -> None:
    """Check that a PIN block is as large as those of a key's cipher.

    Raises:
        PinFieldError: the dialect has no room for one.
        PinError: it has, and this one has another size.
    """
    if len(block) == (size := pik.block_bytes):
        return
    blocks = f"a PIN block under a {pik.cipher.upper()} PIK has {size} bytes"
    de = dialect.elements["pin_block"].de
    if (room := dialect.fields[de].maximum) >= size:
        raise PinError(f"{blocks}, this one has {len(block)}")
    fitting = ", ".join(sorted(one.selector for one in packages if BLOCK_BYTES[one.cipher] <= room))
    raise PinFieldError(
        f"{blocks}, and DE {de} of {dialect.name} has {room}: sign on for keys whose blocks fit (package {fitting}), "
        f"or serve a dialect whose DE {de} has {size}, as that of UnionPay's terminals for SM4 (unionpay-pos-sm4)"
    )
