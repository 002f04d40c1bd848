"""Where dialects are found."""

from __future__ import annotations

import pytest

from acquirer.data.toml import DataError
from acquirer.settings.shipped import specs_dir
from acquirer.settings.specs import dialect_names, load_dialect, read_spec


def test_unionpay_ships_and_other_data_beside_it_is_no_dialect():
    assert "unionpay-pos" in dialect_names()
    assert "cards" not in dialect_names()
    text, path = read_spec("unionpay-pos")
    assert path == specs_dir() / "unionpay-pos.toml"
    assert 'dialect = "unionpay-pos"' in text


def test_every_dialect_that_ships_loads_under_its_own_name_and_once():
    for name in dialect_names():
        assert load_dialect(name).name == name
        assert load_dialect(name) is load_dialect(name)


def test_a_file_may_extend_another_beside_it(tmp_path):
    (tmp_path / "base.toml").write_text('dialect = "base"\nextends = "unionpay-pos"\ntitle = "Base"', encoding="utf-8")
    (tmp_path / "own.toml").write_text('dialect = "own"\nextends = "base.toml"', encoding="utf-8")
    dialect = load_dialect(str(tmp_path / "own.toml"))
    assert (dialect.name, dialect.title.en) == ("own", "Base")


def test_a_file_of_the_same_name_is_another_one_in_another_folder_and_after_an_edit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "own.toml"
    own.write_text('dialect = "own"\nextends = "unionpay-pos"\ntitle = "First"', encoding="utf-8")
    first = load_dialect("own.toml")
    assert load_dialect("own.toml") is first
    own.write_text('dialect = "own"\nextends = "unionpay-pos"\ntitle = "Another"', encoding="utf-8")
    assert load_dialect("own.toml").title.en == "Another"
    (tmp_path / "other").mkdir()
    monkeypatch.chdir("other")
    with pytest.raises(DataError, match="No such file"):
        load_dialect("own.toml")


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(DataError, match="unionpay: no dialect of this name; did you mean 'unionpay-pos'"):
        load_dialect("unionpay")
    with pytest.raises(DataError, match="cards: no dialect of this name"):
        load_dialect("cards")
    with pytest.raises(DataError, match=r"missing\.toml: cannot be read: No such file"):
        load_dialect(str(tmp_path / "missing.toml"))
    (tmp_path / "latin.toml").write_bytes(b'dialect = "\xff"')
    with pytest.raises(DataError, match=r"latin\.toml: is not UTF-8 text"):
        load_dialect(str(tmp_path / "latin.toml"))
