"""Settings come from four places in order, and an error names the place."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from acquirer.data.toml import DataError
from acquirer.settings.config import ALIASES, SETTINGS, Config, load_config, make_config


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
    environment = {"ACQUIRER_LISTEN": "8583  127.0.0.1:9583", "ACQUIRER_TRIGGER_AMOUNTS": "yes"}
    config = load_config({}, environment, file(""))
    assert config.listen == ("8583", "127.0.0.1:9583")
    assert config.trigger_amounts is True


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("\nlisen = '1'", r"acquirer\.toml:2: lisen: unknown key; did you mean 'listen'\?$"),
        ("[limits]\na = 1", r"acquirer\.toml:1: limits: unknown key"),
        ("idle_s = 'long'", r"acquirer\.toml:1: idle_s: 'long' is not a number of seconds; write it like 60 or 2\.5$"),
        ("timezone = 'Mars/Base'", r"acquirer\.toml:1: timezone: 'Mars/Base' is not a time zone; write it like "),
        (
            "connections = 0",
            r"acquirer\.toml:1: connections: '0' is out of range; write a whole number from 1 to 1000000$",
        ),
        ("connections = true", r"acquirer\.toml:1: connections: 'True' is not a whole number from 1 to 1000000$"),
        ("refund_days = 1.5", r"acquirer\.toml:1: refund_days: '1\.5' is not a whole number from 0 to 3650$"),
        ("seed = 'x'", r"acquirer\.toml:1: seed: 'x' is not a whole number$"),
        ("log = 'loud'", r"acquirer\.toml:1: log: 'loud' is not supported; use auto, readable, json or off$"),
        ("void_other_day = 2", r"acquirer\.toml:1: void_other_day: '2' is neither true nor false$"),
        ("store = 5", r"acquirer\.toml:1: store: '5' is not a text; write it in quotes"),
        ("no_sign_limit = 'x'", r"acquirer\.toml:1: no_sign_limit: 'x' is not an amount; write it like 12\.34$"),
        ("clock = 'noon'", r"acquirer\.toml:1: clock: 'noon' is not a date and time; write it like 2026-01-02T"),
        ("listen = 5", r"acquirer\.toml:1: listen: '5' is neither a text nor a list of texts; write \"…\", or "),
        (
            "listen = ['8583', 5]",
            r"acquirer\.toml:1: listen: '\['8583', 5\]' is neither a text nor a list of texts; write \"…\", or ",
        ),
        (
            "\nmagic_amounts = true\ntrigger_amounts = true",
            r"acquirer\.toml:3: trigger_amounts: stands here under its old name 'magic_amounts' too; keep",
        ),
        ("a = ", r"acquirer\.toml:1: not TOML"),
    ],
)
def test_an_error_in_a_file_names_line_and_key(file, text: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        load_config({}, {}, file(text))


def test_an_error_in_a_variable_names_it(file) -> None:
    with pytest.raises(DataError, match=r"^ACQUIRER_IDLE_S: 'x' is not a number of seconds"):
        load_config({}, {"ACQUIRER_IDLE_S": "x"}, file(""))
    with pytest.raises(DataError, match=r"ACQUIRER_LISTN: unknown setting; did you mean 'ACQUIRER_LISTEN'\?$"):
        load_config({}, {"ACQUIRER_LISTN": "1"}, file(""))
    assert load_config({}, {"ACQUIRER_OTHER_TOOL": "1"}, file("")) == Config()


def test_an_error_in_a_flag_names_it_as_typed(file) -> None:
    with pytest.raises(DataError, match=r"^--idle-s: '-1' is out of range; write a number of seconds above 0"):
        load_config({"idle_s": -1}, {}, file(""))


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.toml: cannot be read \(No such file or directory\)"):
        load_config({}, {}, tmp_path / "none.toml")
    binary = tmp_path / "bin.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="not UTF-8"):
        load_config({}, {}, binary)


@pytest.mark.parametrize("place", ["flag", "variable", "file", "program"])
def test_the_old_name_of_a_setting_works_and_leaves_a_note(file, place: str) -> None:
    if place == "program":
        config = make_config(magic_amounts=True)
    else:
        config = load_config(
            {"magic_amounts": True if place == "flag" else None},
            {"ACQUIRER_MAGIC_AMOUNTS": "yes"} if place == "variable" else {},
            file("\nmagic_amounts = true\n" if place == "file" else ""),
        )
    assert config.trigger_amounts is True
    (note,) = config.notes
    assert (
        note.replace(str(file("").parent), "")
        == {
            "flag": "--magic-amounts is called --trigger-amounts now; the old name goes on working",
            "variable": "ACQUIRER_MAGIC_AMOUNTS is called ACQUIRER_TRIGGER_AMOUNTS now; the old name goes on working",
            "file": "/acquirer.toml:2: magic_amounts: is called trigger_amounts now; the old name goes on working",
            "program": "magic_amounts is called trigger_amounts now; the old name goes on working",
        }[place]
    )


def test_a_new_name_leaves_no_note_and_a_later_source_goes_before_an_old_name(file) -> None:
    assert load_config({"trigger_amounts": True}, {}, file("")).notes == ()
    config = load_config({"trigger_amounts": False}, {"ACQUIRER_MAGIC_AMOUNTS": "yes"}, file("magic_amounts = true"))
    assert config.trigger_amounts is False
    with pytest.raises(DataError, match=r"^--magic-amounts: stands here under its old name 'magic_amounts' too"):
        load_config({"trigger_amounts": True, "magic_amounts": True}, {}, file(""))


def test_every_old_name_stands_for_a_setting_and_is_none() -> None:
    assert set(ALIASES.values()) <= set(SETTINGS)
    assert not set(ALIASES) & set(SETTINGS)


def test_a_program_gives_settings_without_files_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACQUIRER_IDLE_S", "1")
    config = make_config(idle_s="2.5", seed=None, listen=["8583"], terminals="t.toml", no_sign_limit=500.5)
    assert (config.idle_s, config.seed, config.listen, config.terminals) == (2.5, None, ("8583",), Path("t.toml"))
    assert config.no_sign_limit_minor == 50050
    with pytest.raises(TypeError, match="a host has no setting 'idle'; did you mean 'idle_s'"):
        make_config(idle=1)
    with pytest.raises(TypeError, match="a host has no setting 'notes'"):
        make_config(notes=())
    with pytest.raises(DataError, match=r"^idle_s: '0' is out of range"):
        make_config(idle_s=0)


def test_settings_for_voids_and_refunds(file) -> None:
    assert (Config().void_other_day, Config().refund_days) == (False, 30)
    config = load_config({}, {"ACQUIRER_REFUND_DAYS": "7"}, file("void_other_day = true"))
    assert (config.void_other_day, config.refund_days) == (True, 7)


@pytest.mark.parametrize("text", ["2026-01-02", "2026-01-02 00:00:00", "'2026-01-02T00:00:00'", "'2026-01-02'"])
def test_a_clock_is_a_date_or_a_time(file, text: str) -> None:
    assert load_config({}, {}, file(f"clock = {text}")).clock == datetime(2026, 1, 2)


def test_settings_are_read_without_heavy_imports() -> None:
    code = "import sys, acquirer.settings.config; print(sorted({'pydantic', 'twisted', 'typer'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
