"""What is wrong with the half byte that fills up an odd number of digits, in words."""

from __future__ import annotations

from acquirer.wire.grammar import FieldSpec


def filling_problem(field: FieldSpec, filling: str) -> str:
    """Return what is wrong with a filling half byte that a field does not take, and which padding would.

    Args:
        filling: the half byte in hexadecimal; one that belongs to what is hidden is not shown.
    """
    here, key = " or ".join(field.pads), f"[padding] {field.padding_key}"
    if filling in "0F":
        side = "left" if field.pad_left else "right"
        return f'the filling half byte is {filling}, not {here}: {key} = "{side} {field.pads}{filling}" takes it'
    shown = filling if field.sensitivity in ("", "pan") else "a digit"
    other = f'{key} = "{field.padding_of_other_side}" reads that'
    return f"the filling half byte is {shown}, not {here}: filled on the other side? {other}"
