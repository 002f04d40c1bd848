"""Files that people name: too large, no text, unlike what was meant; each costs one sentence."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acquirer.app.build import read_faults
from acquirer.data.toml import DataError
from acquirer.settings import text_file
from acquirer.settings.cards import load_cards
from acquirer.settings.config import load_config
from acquirer.settings.specs import load_dialect, read_spec
from acquirer.settings.terminals import read_terminals
from acquirer.settings.text_file import read_file, read_text_file

READERS: dict[str, Callable[[Path], Any]] = {
    "cards": lambda path: load_cards(str(path)),
    "terminals": read_terminals,
    "settings": lambda path: load_config({}, {}, path),
    "dialect": lambda path: load_dialect(str(path)),
    "faults": lambda path: read_faults(str(path)),
}
HOSTILE = {
    "deep": b"a = " + b"[" * 100_000 + b"]" * 100_000,
    "deep tables": b"a = " + b"{a=" * 100_000,
    "no text": b"\xff\xfe\x00a",
    "huge number": b"a = " + b"9" * 10_000,
    "twice": b"a = 1\na = 2\n",
    "no end": b'a = """',
    "nul": b"a = '\0'",
    "not a number": b"a = nan\n[[card]]\npan = nan\n[[terminal]]\ntid = nan\n[[fault]]\nkind = nan\n",
}


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_sentence(kind: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.toml"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(DataError) as raised:
        READERS[kind](path)
    sentence = str(raised.value)
    assert "hostile.toml" in sentence
    assert len(sentence) < 400
    assert "\n" not in sentence


@pytest.mark.slow
@pytest.mark.parametrize("kind", READERS)
def test_a_file_that_is_too_large_is_one_sentence(kind: str, tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        file.truncate(text_file.MOST_BYTES + 1)  # takes no room on the disk
    with pytest.raises(DataError, match="it has more than 67 MB"):
        READERS[kind](path)


def test_memory_that_is_not_there_is_one_sentence(tmp_path: Path, monkeypatch: Any) -> None:
    def no_memory(*_args: object) -> None:
        raise MemoryError

    path = tmp_path / "cards.toml"
    path.write_text("")
    monkeypatch.setattr(Path, "open", no_memory)
    with pytest.raises(DataError, match="does not fit into the memory there is"):
        load_cards(str(path))


def test_a_dialect_that_does_not_fit_into_memory_is_not_called_missing(monkeypatch: Any) -> None:
    def no_memory(*_args: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Path, "open", no_memory)
    with pytest.raises(DataError, match=r"unionpay-pos\.toml: cannot be read: .*memory"):
        read_spec("unionpay-pos")


def test_memory_is_taken_for_what_a_file_holds_and_not_for_what_it_might_hold(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"a" * (text_file.PIECE_BYTES + 1))
    tracemalloc.start()
    try:
        assert len(read_file(path)) == text_file.PIECE_BYTES + 1
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 4 * text_file.PIECE_BYTES


def test_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes("a\r\n银\n".encode())
    assert read_text_file(path) == "a\n银\n"
    assert read_file(path, 7) == path.read_bytes()
    with pytest.raises(OSError, match="more than"):
        read_file(path, 6)
