"""Components of a key: parts of which each says nothing, and that make the key when all are combined by XOR.

So keys travel between people: each custodian carries one, with a check value to show that it was keyed in rightly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from acquirer.data.types import Randbytes
from acquirer.errors import SecurityError
from acquirer.security.secret import Secret

LEAST_COMPONENTS, MOST_COMPONENTS = 2, 9
"""One would be the key itself; more custodians than nine have no need of a key in parts."""

_TRIES: Final = 16
"""A component is weak, or the key itself, once in 2^56: more tries than that show that nothing is drawn."""


class ComponentError(SecurityError, ValueError):
    """Components that make no key."""


def split_key(key: Secret, count: int, randbytes: Randbytes) -> list[Secret]:
    """Return so many components of a key, each as long as the key, the last one made of the others.

    Raises:
        ComponentError: too few or too many.
    """
    if not LEAST_COMPONENTS <= count <= MOST_COMPONENTS:
        raise ComponentError(f"a key has {LEAST_COMPONENTS} to {MOST_COMPONENTS} components, not {count}")
    for _ in range(_TRIES):
        parts = [Secret(randbytes(len(key)), key.cipher) for _ in range(count - 1)]
        parts.append(Secret(_combined([key, *parts]), key.cipher))
        if not any(part.weak for part in parts):
            return parts
    raise ComponentError("the source of random numbers draws weak components only")


def combine_components(parts: Sequence[Secret]) -> Secret:
    """Return the key that components make.

    Raises:
        ComponentError: they are too few, differ in length, or make a weak key: one of them was keyed in twice.
    """
    if len(parts) < LEAST_COMPONENTS:
        raise ComponentError(f"a key is made of {LEAST_COMPONENTS} components at least; name the others too")
    if len({len(part) for part in parts}) > 1:
        sizes = ", ".join(str(len(part)) for part in parts)
        raise ComponentError(f"the components have {sizes} bytes; those of one key have the same length")
    key = Secret(_combined(parts), parts[0].cipher)
    if key.weak:
        raise ComponentError("the components make a weak key, as when one of them is given twice: look at each KCV")
    return key


def _combined(parts: Sequence[Secret]) -> bytes:
    result = bytes(len(parts[0]))
    for part in parts:
        result = bytes(one ^ other for one, other in zip(result, part.reveal(), strict=True))
    return result
