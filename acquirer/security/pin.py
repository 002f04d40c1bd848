"""PIN blocks: ISO 9564-1 formats 0, 1, 3 and 4, UnionPay's format 0 without PAN, and its 16-byte forms.

All are encrypted under the PIK as they are, but for format 4, into which the card number goes between two
encryptions. No error ever quotes a PIN or a block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from acquirer.data.text import plural
from acquirer.data.types import Randbytes
from acquirer.errors import SecurityError
from acquirer.security.secret import Secret

MIN_DIGITS: Final = 4
MAX_DIGITS: Final = 12  # ISO 9564-1


class PinError(SecurityError, ValueError):
    """A PIN or a PAN that cannot be put into a block, or bytes that are no PIN block of this format."""


@dataclass(frozen=True, slots=True)
class PinFormat:
    """One way of laying a PIN out in a block. `encode(pin, pan, randbytes)`; `decode(block, pan)` raises PinError."""

    name: str
    block_bytes: int
    needs_pan: bool
    encode: Callable[[str, str, Randbytes], bytes]
    decode: Callable[[bytes, str], str]
    between: Callable[[str], bytes] | None = None  # from a PAN, what goes into the block between two encryptions

    def seal(self, pik: Secret, pin: str, pan: str, randbytes: Randbytes) -> bytes:
        """Return the block of a PIN, encrypted. Raises PinError."""
        block = pik.encrypt(self.encode(pin, pan, randbytes))
        return block if self.between is None else pik.encrypt(_xor(block, self.between(pan)))

    def open(self, pik: Secret, block: bytes, pan: str) -> str:
        """Return the PIN of an encrypted block. Raises PinError: it is none of this format, or of another key."""
        clear = pik.decrypt(block)
        if self.between is not None:
            clear = pik.decrypt(_xor(clear, self.between(pan)))
        return self.decode(clear, pan)


def pan_part(pan: str, block_bytes: int = 8) -> bytes:
    """Return the 12 rightmost digits of a PAN without its check digit, right aligned in a block.

    Zeros stand before a shorter one (ISO 9564-1).

    >>> pan_part("6212790200001797").hex(), pan_part("622123456789").hex()
    ('0000279020000179', '0000062212345678')
    """
    if not (pan.isascii() and pan.isdigit() and len(pan) >= 12):
        raise PinError("the PIN block needs a card number of 12 digits or more, and there is none")
    return bytes.fromhex(pan[-13:-1].rjust(block_bytes * 2, "0"))


def _checked(pin: str) -> str:
    if not (pin.isascii() and pin.isdigit() and MIN_DIGITS <= len(pin) <= MAX_DIGITS):
        raise PinError(f"a PIN has {MIN_DIGITS} to {MAX_DIGITS} digits")
    return pin


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _field(control: str, pin: str, fill: str) -> bytes:
    return bytes.fromhex(f"{control}{len(_checked(pin)):X}{pin}{fill[len(pin) :]}")


def _read(block: bytes, control: str, fill: str, size: int) -> str:
    """Return the PIN of a clear field; `fill` holds the nibbles that may stand behind it."""
    if len(block) != size:
        raise PinError(f"a PIN block has {size} bytes, this one has {len(block)}")
    text = block.hex().upper()
    if text[0] != control:
        raise PinError(f"the block's first digit says format {text[0]}, expected {control}")
    length = int(text[1], 16)
    if not MIN_DIGITS <= length <= MAX_DIGITS:
        raise PinError(
            f"the block says its PIN has {plural(length, 'digit')}; {MIN_DIGITS} to {MAX_DIGITS} are allowed"
        )
    pin, rest = text[2 : 2 + length], text[2 + length :]
    if not pin.isdigit():
        raise PinError("the PIN in the block is not numeric")
    if rest.strip(fill):
        raise PinError("the filling behind the PIN is not what the format prescribes")
    return pin


_F: Final = "F" * 30


def _encode_0(pin: str, pan: str, _randbytes: Randbytes) -> bytes:
    return _xor(_field("0", pin, _F[:14]), pan_part(pan))


def _decode_0(block: bytes, pan: str) -> str:
    return _read(_xor(_sized(block, 8), pan_part(pan)), "0", "F", 8)


def _encode_bare(pin: str, _pan: str, _randbytes: Randbytes) -> bytes:
    return _field("0", pin, _F[:14])


def _decode_bare(block: bytes, _pan: str) -> str:
    return _read(block, "0", "F", 8)


def _encode_1(pin: str, _pan: str, randbytes: Randbytes) -> bytes:
    return _field("1", pin, randbytes(7).hex())


def _decode_1(block: bytes, _pan: str) -> str:
    return _read(block, "1", "0123456789ABCDEF", 8)


def _encode_3(pin: str, pan: str, randbytes: Randbytes) -> bytes:
    return _xor(_field("3", pin, "".join("ABCDEF"[byte % 6] for byte in randbytes(14))), pan_part(pan))


def _decode_3(block: bytes, pan: str) -> str:
    return _read(_xor(_sized(block, 8), pan_part(pan)), "3", "ABCDEF", 8)


def _encode_4(pin: str, _pan: str, randbytes: Randbytes) -> bytes:
    return _field("4", pin, "A" * 14) + randbytes(8)


def _decode_4(block: bytes, _pan: str) -> str:
    return _read(_sized(block, 16)[:8], "4", "A", 8)


def _pan_field(pan: str) -> bytes:
    """Return the card number in a block of 16: how many digits it has beyond 12, then the digits."""
    if not (pan.isascii() and pan.isdigit() and len(pan) <= 19):
        raise PinError("the PIN block needs a card number of 19 digits at most, and there is none")
    digits = pan.rjust(12, "0")
    return bytes.fromhex(f"{len(digits) - 12}{digits}".ljust(32, "0"))


def _encode_wide(pin: str, pan: str, _randbytes: Randbytes) -> bytes:
    return _xor(_field("0", pin, _F), pan_part(pan, 16))


def _decode_wide(block: bytes, pan: str) -> str:
    return _read(_xor(_sized(block, 16), pan_part(pan, 16)), "0", "F", 16)


def _encode_wide_bare(pin: str, _pan: str, _randbytes: Randbytes) -> bytes:
    return _field("0", pin, _F)


def _decode_wide_bare(block: bytes, _pan: str) -> str:
    return _read(block, "0", "F", 16)


def _sized(block: bytes, size: int) -> bytes:
    if len(block) != size:
        raise PinError(f"a PIN block has {size} bytes, this one has {len(block)}")
    return block


def _padded(inner: PinFormat) -> PinFormat:
    """Return the 8-byte block with eight zero bytes behind it, as SM4 and AES need."""

    def decode(block: bytes, pan: str) -> str:
        if any(_sized(block, 16)[8:]):
            raise PinError("the second half of the block is not zero")
        return inner.decode(block[:8], pan)

    def encode(pin: str, pan: str, randbytes: Randbytes) -> bytes:
        return inner.encode(pin, pan, randbytes) + bytes(8)

    return PinFormat(f"{inner.name}-padded", 16, inner.needs_pan, encode, decode)


_ISO_0: Final = PinFormat("iso-0", 8, True, _encode_0, _decode_0)
_BARE: Final = PinFormat("iso-0-without-pan", 8, False, _encode_bare, _decode_bare)

PIN_FORMATS: Final[dict[str, PinFormat]] = {
    pin_format.name: pin_format
    for pin_format in (
        _ISO_0,
        _BARE,
        PinFormat("iso-1", 8, False, _encode_1, _decode_1),
        PinFormat("iso-3", 8, True, _encode_3, _decode_3),
        PinFormat("iso-4", 16, True, _encode_4, _decode_4, _pan_field),
        # Under SM4, public texts show two 16-byte forms of format 0; which one a host wants is nowhere settled.
        _padded(_ISO_0),
        _padded(_BARE),
        PinFormat("iso-0-wide", 16, True, _encode_wide, _decode_wide),
        PinFormat("iso-0-without-pan-wide", 16, False, _encode_wide_bare, _decode_wide_bare),
    )
}
