"""Files of records: written and read, while they grow, and after an abort."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquirer.load.records import (
    MOST_US,
    RECORD_BYTES,
    LoadRecord,
    RecordsError,
    RecordTail,
    RecordWriter,
    RequestOutcome,
    read_records,
)

TIMES = st.integers(0, MOST_US)
RECORDS = st.builds(
    LoadRecord,
    intended_us=st.integers(0, 2**62),
    late_us=TIMES,
    connected_us=TIMES,
    first_us=TIMES,
    done_us=TIMES,
    terminal=TIMES,
    service=st.integers(0, 255),
    outcome=st.sampled_from(RequestOutcome),
    worker=st.integers(0, 65535),
    code=st.sampled_from([b"", b"00", b"000", b"A0"]),
    phase=st.integers(0, 255),
    flags=st.integers(0, 1),
)


@given(st.lists(RECORDS, max_size=30), st.booleans(), st.integers(0, RECORD_BYTES - 1))
def test_what_was_written_is_read(records: list[LoadRecord], ended: bool, cut_bytes: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "one.acq"
        writer = RecordWriter(path, {"services": ["sign_on"]})
        for record in records:
            writer.write(record)
        if ended:
            writer.end({"requests": len(records)})
        else:
            writer.flush()
            writer.close()
            with path.open("ab") as file:
                file.write(bytes(cut_bytes))
        found = read_records(path)
        assert list(found.records) == records
        assert found.footer == ({"requests": len(records)} if ended else None)
        assert found.header["services"] == ["sign_on"]
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "data", [b"", b"{}\n", b"no header", b"\xff\xfe\n", b'{"schema": "acquirer.load.records/9"}\n']
)
def test_another_file_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "other.acq"
    path.write_bytes(data)
    with pytest.raises(RecordsError, match=r"other\.acq: is no file of records; name one that 'acquirer load' wrote"):
        read_records(path)


def test_records_of_an_earlier_version_are_named(tmp_path: Path) -> None:
    path = tmp_path / "old.acq"
    path.write_bytes(b'{"schema": "acquirer.load.records/1"}\n')
    with pytest.raises(RecordsError, match=r"old\.acq: holds records of an earlier version"):
        read_records(path)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match=r"none\.acq: cannot be read \(no such file or directory\)"):
        read_records(tmp_path / "none.acq")


def test_a_file_that_grows_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "one.acq"
    tail = RecordTail(path)
    assert tail.read() == []
    writer = RecordWriter(path, {"services": ["sign_on"]})
    assert tail.read() == []
    for number in range(1, 4):
        writer.write(LoadRecord(number, 0, 0, 0, 0, 0, 0, 0, 0))
        writer.flush()
        assert tail.read() == [LoadRecord(number, 0, 0, 0, 0, 0, 0, 0, 0)]
    writer.end({"requests": 3, "more": "x" * 10 * RECORD_BYTES})
    assert tail.read() == tail.read() == []
