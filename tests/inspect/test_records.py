"""Intel HEX and S-records: pieces by address, checksums, and what is neither."""

from __future__ import annotations

import pytest

from acquirer.inspect.capture import read_capture
from acquirer.inspect.records import are_records, intel_records, motorola_records
from tests.inspect.dresses import intel_hex, s_records

DATA = bytes(range(100))


def test_records_in_a_log_are_one_stream() -> None:
    log = "\n".join(f"12:00:01 flash {line}" for line in intel_hex(DATA).splitlines())
    assert [data for _, data in intel_records(log)] == [DATA]
    assert [data for _, data in motorola_records(s_records(DATA, 2))] == [DATA]
    assert not are_records(log)


def test_an_address_that_does_not_come_next_begins_another_piece() -> None:
    lines = intel_hex(DATA).splitlines()
    assert [data for _, data in intel_records("\n".join([*lines[:2], *lines[3:]]))] == [DATA[:32], DATA[48:]]


@pytest.mark.parametrize("write", [intel_hex, s_records])
def test_a_record_whose_checksum_is_off_is_none(write) -> None:
    lines = write(DATA).splitlines()
    broken = lines[1][:-1] + ("0" if lines[1][-1] != "0" else "1")
    assert not are_records("\n".join([lines[0], broken, *lines[2:]]))


def test_a_text_of_records_is_nothing_else() -> None:
    assert {reading.form for reading in read_capture(s_records(DATA).encode())} == {"S-records", "bytes"}
