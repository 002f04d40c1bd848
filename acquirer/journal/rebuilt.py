"""Messages put together again from what a journal shows of them, with test data in the place of what is hidden."""

from __future__ import annotations

from collections.abc import Mapping

from acquirer.dialect.dialect import Dialect
from acquirer.errors import ConfigurationError
from acquirer.journal.masked_frame import blank_value, is_hidden, shown_value
from acquirer.wire.masking import mask_pan
from acquirer.wire.message import Value


class OtherCardError(ConfigurationError, ValueError):
    """Test data of another card than the message's: one sentence."""


def rebuilt_fields(
    shown: Mapping[str, str], dialect: Dialect, test_data: Mapping[str, str]
) -> tuple[dict[int, Value], list[int]]:
    """Return the fields of a message, and those that are left out because the journal hides them.

    Args:
        shown: as the journal has them, by DE.
        test_data: elements in the clear, as ``pan``, ``track2``; of one with "" zeros stand there.

    Raises:
        OtherCardError: the card number is not that of the test data.
    """
    places = {dialect.elements[name].de: name for name in test_data if name in dialect.elements}
    fields: dict[int, Value] = {}
    left_out: list[int] = []
    for de, text in sorted((int(de), text) for de, text in shown.items()):
        spec = dialect.fields.get(de)
        name = places.get(de, "")
        if spec is None:
            left_out.append(de)
        elif de in dialect.mac_des:
            fields[de] = blank_value(spec, text)
        elif not is_hidden(text):
            value = shown_value(spec, text)
            if value is None:
                left_out.append(de)
            else:
                fields[de] = value
        elif name == "pan" and mask_pan(test_data[name]) != text:
            raise OtherCardError(f"is of card {text}, and the test data are of {mask_pan(test_data[name])}")
        elif name and test_data[name]:
            fields[de] = test_data[name]
        elif name:
            fields[de] = bytes(spec.maximum) if spec.kind == "b" else "0" * spec.maximum
        else:
            left_out.append(de)
    return fields, left_out
