"""Frames made again of masked fields: a dissector reads them, and nothing that was hidden is in them."""

from __future__ import annotations

import pytest

from acquirer.dialect.dialect import Dialect
from acquirer.journal.mask import showers
from acquirer.journal.masked_frame import masked_frame, masked_start
from acquirer.settings.specs import dialect_names, load_dialect
from acquirer.wire.message import EncodeError, Message

PAN = "6212345678901232"


def shown(dialect: Dialect, message: Message) -> dict[str, str]:
    """Return the fields of a message as the journal has them."""
    known = showers(dialect, message.mti)
    return {str(de): known[de](value) for de, value in message.fields.items()}


SAMPLES = [
    pytest.param(name, number, id=f"{name}-{number}")
    for name in dialect_names()
    for number in range(len(load_dialect(name).samples))
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "number"), SAMPLES)
def test_every_sample_is_encoded_again_with_what_is_hidden_as_zeros(name: str, number: int) -> None:
    dialect = load_dialect(name)
    sample = bytes.fromhex(dialect.samples[number].hex)[dialect.framing.before_bytes :]
    sample = sample.removesuffix(dialect.framing.end)
    message = dialect.decode(sample)
    visible = shown(dialect, message)
    frame, left_out = masked_frame(visible, message.mti, dialect)
    again = dialect.decode(frame)
    assert left_out == []
    assert (again.mti, set(again.fields)) == (message.mti, set(message.fields))
    macs = {dialect.elements[name].de for name in ("mac", "mac_secondary") if name in dialect.elements}
    for de, value in again.fields.items():
        text = visible[str(de)]
        if de in macs or text.startswith("["):
            assert set(value) <= {0, "0"}
        elif "*" in text:
            zeros = text.replace("*", "0")
            if isinstance(value, str):  # a star may stand where letters may
                assert value == (text if dialect.fields[de].kind in ("ans", "as", "ns") else zeros)
            else:
                assert value.hex().upper() == zeros or value.decode("latin-1") == text
        else:
            assert value == message.fields[de]


@pytest.mark.parametrize(
    ("de", "text", "value"),
    [
        (2, "621234******1232", "6212340000001232"),
        (35, "[21 characters hidden]", "0" * 21),
        (52, "[8 bytes hidden]", bytes(8)),
        (64, "3A57ACBB", bytes(8)),
        (44, "银联", "银联".encode("gbk").decode("latin-1")),
        (39, "00", "00"),
        (55, "9F2608****************9F1000", bytes.fromhex("9F260800000000000000009F1000")),
    ],
)
def test_what_becomes_of_a_field(de: int, text: str, value: str | bytes) -> None:
    dialect = load_dialect("unionpay-pos")
    frame, left_out = masked_frame({str(de): text}, "0200", dialect)
    assert (dialect.decode(frame).fields, left_out) == ({de: value}, [])


def test_what_cannot_be_encoded_again_is_left_out() -> None:
    dialect = load_dialect("unionpay-pos")
    frame, left_out = masked_frame(
        {"3": "00000x", "11": "000001", "127": "?", "44": "语" * 90, "55": "?é"}, "0200", dialect
    )
    assert (dialect.decode(frame).fields, left_out) == ({11: "000001"}, [3, 44, 55, 127])
    with pytest.raises(EncodeError):
        masked_frame({}, "02x0", dialect)


def test_hidden_half_bytes_before_a_failure_are_zeros() -> None:
    assert masked_start("600003***4") == bytes.fromhex("6000030004")
