"""Settings come from four places in order, and what is wrong is told with its place."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from acquirer.data.toml import DataError
from acquirer.settings.config import Config, load_config


@pytest.fixture
def file(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "acquirer.toml"
        path.write_text(text)
        return path

    return write


def test_flag_beats_environment_beats_file_beats_default(file) -> None:
    path = file('idle_s = 1\nframe_s = 2\nconnections = 3\nlisten = ["8583", "9583=other"]\n')
    environment = {"ACQUIRER_IDLE_S": "10", "ACQUIRER_FRAME_S": "20", "HOME": "/"}
    config = load_config({"idle_s": 100.0, "store": None}, environment, path)
    assert (config.idle_s, config.frame_s, config.connections) == (100, 20, 3)
    assert config.listen == ("8583", "9583=other")
    assert config.store == Config().store == "sqlite:///acquirer.db"


def test_the_file_of_the_working_directory_is_read(file, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file('store = "memory:"\nclock = 2026-01-02T03:04:05\n')
    monkeypatch.chdir(path.parent)
    config = load_config({}, {})
    assert config.store == "memory:"
    assert config.clock == datetime(2026, 1, 2, 3, 4, 5)
    path.unlink()
    assert load_config({}, {}).clock is None


def test_lists_in_the_environment_are_separated_by_spaces(file) -> None:
    environment = {"ACQUIRER_LISTEN": "8583  127.0.0.1:9583", "ACQUIRER_MAGIC_AMOUNTS": "yes"}
    config = load_config({}, environment, file(""))
    assert config.listen == ("8583", "127.0.0.1:9583")
    assert config.magic_amounts is True


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("\nlisen = '1'", r"acquirer\.toml:2: lisen: unknown key; did you mean 'listen'\?$"),
        ("[limits]\na = 1", r"acquirer\.toml:1: limits: unknown key"),
        ("idle_s = 'long'", r"acquirer\.toml:1: idle_s: input should be a valid number"),
        ("timezone = 'Mars/Base'", r"acquirer\.toml:1: timezone: 'Mars/Base' is no time zone"),
        ("connections = 0", r"acquirer\.toml:1: connections: input should be greater than or equal to 1"),
        ("listen = 5", r"acquirer\.toml:1: listen: neither a text nor a list of texts; write \"…\", or "),
        ("listen = ['8583', 5]", r"acquirer\.toml:1: listen: neither a text nor a list of texts; write \"…\", or "),
        ("a = ", r"acquirer\.toml:1: not TOML"),
    ],
)
def test_a_file_that_is_wrong_is_told_with_line_and_key(file, text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        load_config({}, {}, file(text))


def test_a_variable_that_is_wrong_is_told_by_its_name(file) -> None:
    with pytest.raises(DataError, match=r"^ACQUIRER_IDLE_S: 'x': input should be a valid number"):
        load_config({}, {"ACQUIRER_IDLE_S": "x"}, file(""))
    with pytest.raises(DataError, match=r"ACQUIRER_LISTN: unknown setting; did you mean 'ACQUIRER_LISTEN'\?$"):
        load_config({}, {"ACQUIRER_LISTN": "1"}, file(""))
    assert load_config({}, {"ACQUIRER_OTHER_TOOL": "1"}, file("")) == Config()


def test_a_flag_that_is_wrong_is_told_as_typed(file) -> None:
    with pytest.raises(DataError, match=r"^--idle-s: '-1': input should be greater than 0"):
        load_config({"idle_s": -1}, {}, file(""))


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.toml: cannot be read \(No such file or directory\)"):
        load_config({}, {}, tmp_path / "none.toml")
    binary = tmp_path / "bin.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8"):
        load_config({}, {}, binary)
