"""Fields that read, and make sense only once they are filled up on the other side: noted by decode, doctor and host."""

from __future__ import annotations

import pytest

from acquirer.dialect.dialect import Dialect
from acquirer.inspect.doctor import diagnose_capture
from acquirer.inspect.explain import explain, explain_failure
from acquirer.inspect.filling import filling_notes, other_side
from acquirer.settings.specs import load_dialect
from acquirer.wire.message import DecodeError, Message, Value
from tests.inspect.test_field_causes import frame

LEFT = load_dialect("iso8583-1987-binary")  # fills numbers on the left
RIGHT = load_dialect("unionpay-pos")  # fills numbers on the right
LATER = load_dialect("iso8583-1993-bcd")


def notes(dialect: Dialect, message: Message) -> list[str]:
    return list(filling_notes(dialect, message, dialect.spans(message)))


def replaced(dialect: Dialect, fields: dict[int, Value], de: int, wire: str, mti: str = "0200") -> Message:
    """A message of which one field stands on the wire as it is said."""
    message = dialect.decode(dialect.encode(mti, fields))
    start, stop = dialect.spans(message)[de]
    start += dialect.fields[de].length_bytes
    return dialect.decode(message.raw[:start] + bytes.fromhex(wire) + message.raw[stop:])


@pytest.mark.parametrize(
    ("dialect", "fields", "de", "wire", "reads", "note"),
    [
        (LEFT, {22: "051"}, 22, "0510", "510", "DE 22 (05 10) looks filled on the right: fill it on the left, or say"),
        (LEFT, {22: "021"}, 22, "0210", "210", "DE 22 (02 10) looks filled on the right"),
        (LEFT, {23: "001"}, 23, "0010", "010", "DE 23 (00 10) looks filled on the right"),
        (RIGHT, {22: "021"}, 22, "0210", "021", ""),
        (RIGHT, {22: "070"}, 22, "0070", "007", "DE 22 (00 70) looks filled on the left: fill it on the right"),
        (LATER, {24: "200"}, 24, "0200", "200", ""),
        (LEFT, {2: "6212345678901234560"}, 2, "06212345678901234560", "6212345678901234560", ""),
    ],
)  # fmt: skip
def test_a_value_without_a_meaning_that_has_one_on_the_other_side(
    dialect: Dialect, fields: dict[int, Value], de: int, wire: str, reads: str, note: str
) -> None:
    mti = "1200" if dialect is LATER else "0200"
    message = replaced(dialect, fields, de, wire, mti)
    assert message.fields[de] == reads
    found = notes(dialect, message)
    assert found == [] if not note else len(found) == 1 and found[0].startswith(note)


def test_a_card_number_whose_check_digit_is_right_on_the_other_side_only() -> None:
    message = replaced(RIGHT, {2: "6212345678901234560"}, 2, "06212345678901200040")
    assert message.fields[2] == "0621234567890120004"
    assert other_side(RIGHT, message, 2) == "6212345678901200040"
    (note,) = notes(RIGHT, message)
    assert note == ('DE 2 looks filled on the left: fill it on the right, or say [padding] n_variable = "left 0"')


@pytest.mark.parametrize("name", ["iso8583-1987-binary", "unionpay-pos", "iso8583-1993-bcd"])
def test_no_sample_is_noted(name: str) -> None:
    dialect = load_dialect(name)
    for group, found in diagnose_capture(
        b"".join(bytes.fromhex(one.hex) for one in dialect.samples), [dialect]
    ).messages:
        assert found.message is not None
        assert notes(dialect, found.message) == []
        assert not [why for why in group.why if "filled" in why]


def test_decode_and_doctor_say_it() -> None:
    message = replaced(LEFT, {11: "000001", 22: "051"}, 22, "0510")
    note = 'DE 22 (05 10) looks filled on the right: fill it on the left, or say [padding] n_fixed = "right 0"'
    assert note in explain(LEFT, message).notes
    (group,) = diagnose_capture(LEFT.framing.wrap(message.raw), [LEFT]).groups
    assert group.certainty == "sure"
    assert note in group.why


def test_decode_and_doctor_name_the_field_that_is_the_cause() -> None:
    other = frame(de22=bytes.fromhex("0051"))
    with pytest.raises(DecodeError) as failed:
        RIGHT.decode(other)
    says = "is the cause: its digits look filled on the left"
    assert any(says in note for note in explain_failure(RIGHT, other, failed.value).notes)
    (group,) = diagnose_capture(RIGHT.framing.wrap(other), [RIGHT]).groups
    assert any(says in sentence for sentence in group.why)
