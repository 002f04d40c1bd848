"""Files of downloads: what is wrong is one sentence, with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer.data.toml import DataError
from acquirer.downloads.ca_keys import KeyName
from acquirer.settings.downloads import FILES, load_downloads
from acquirer.settings.shipped import specs_dir

KEY = f'[[capk]]\nrid = "A000000333"\nindex = "08"\nmodulus = "{"AB" * 64}"\n'


def test_the_shipped_ones() -> None:
    shipped = load_downloads()
    assert sorted(FILES) == sorted(path.name for path in (specs_dir() / "downloads").glob("*.toml"))
    sizes = {name.index: 8 * len(key.modulus) for name, key in shipped.keys.items()}
    assert sizes == {"08": 1152, "09": 1408, "0A": 1024, "0B": 1984}
    assert all(key.check_problem == "" for key in shipped.keys.values())
    assert (
        shipped.keys[KeyName("A000000333", "08")].check_value.hex().upper()
        == "EE23B616C95C02652AD18860E48787C079E8E85A"
    )


def test_what_a_folder_lacks_is_as_shipped(tmp_path: Path) -> None:
    (tmp_path / "parameters.toml").write_text("timeout_s = 30\n", encoding="utf-8")
    own = load_downloads(tmp_path)
    assert own.parameters == {"timeout_s": 30}
    assert own.keys == load_downloads().keys


def test_a_check_value_that_is_left_out_is_computed(tmp_path: Path) -> None:
    text = (specs_dir() / "downloads/capk.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("check")]
    (tmp_path / "capk.toml").write_text("\n".join(lines), encoding="utf-8")
    assert load_downloads(tmp_path).keys == load_downloads().keys


def test_a_key_that_is_handed_out_damaged(tmp_path: Path) -> None:
    (tmp_path / "capk.toml").write_text(KEY + 'expiry = "20301231"\ndamaged = true\n', encoding="utf-8")
    (key,) = load_downloads(tmp_path).keys.values()
    assert key.check_problem.startswith("the check value of CA public key A000000333/08 (DF03) is ")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("capks.toml", "", "is no file of downloads; did you mean 'capk.toml'?"),
        ("parameters.toml", "timeout = 3", "parameters.toml:1: timeout: unknown key; did you mean 'timeout_s'?"),
        ("parameters.toml", "timeout_s = 100", "timeout_s: is no number of 2 digits; write 0 to 99"),
        ("parameters.toml", 'manual_entry = "yes"', "manual_entry: is no switch; write true or false"),
        ("parameters.toml", f'merchant_name = "{"店" * 21}"', "merchant_name: is no text of at most 40 bytes in GBK"),
        ("parameters.toml", 'merchant_name = "😀"', "merchant_name: has a character that GBK does not have"),
        (
            "parameters.toml",
            'kinds = ["sales"]',
            "kinds: names 'sales', which is no kind of transaction; did you mean 'sale'?",
        ),
        ("parameters.toml", 'kinds = "sale"', 'kinds: is no list of kinds; write it like ["sale", "void"]'),
        ("contactless.toml", "no_pin = 2.5", "no_pin: is no number of 1 digit"),
        (
            "cards.toml",
            'bins_b = ["622000"]',
            "bins_b: '622000' is no entry; write how long card numbers are, and their first six digits",
        ),
        ("cards.toml", 'blacklist = ["6212345678901233"]', "blacklist: entry 1 is no card number"),
        ("rates.toml", 'rates = ["USD CNY 7"]', "rates: 'USD CNY 7' is no rate; write two currencies and eight digits"),
        (
            "capk.toml",
            '[[capk]]\nrid = "A0000003"\n',
            "capk.toml:2: capk[0].rid: must be 10 hexadecimal digits, and has 8 characters",
        ),
        (
            "capk.toml",
            KEY + 'expiry = "20301331"\n',
            "expiry: '20301331' is no date; write YYYYMMDD",
        ),
        (
            "capk.toml",
            KEY + f'expiry = "20301231"\ncheck = "{"00" * 20}"\n',
            "check: is wrong: the check value of CA public key A000000333/08 (DF03) is 0000",
        ),
        (
            "aid.toml",
            '[[aid]]\naid = "A000"\n',
            "aid[0].aid: must be 10 to 32 hexadecimal digits, and has 4 characters",
        ),
        ("aid.toml", '[[aid]]\naid = "A000000333010101"\ntac = "00"\n', "aid[0].tac: unknown key"),
        ("aid.toml", '[usual]\nversion = "30"\n', "usual.version: must be 4 hexadecimal digits, and has 2 characters"),
        (
            "master-key.toml",
            f'rid = "A000000333"\nindex = "F0"\nexponent = "03"\nmodulus = "{"AB" * 64}"\nprivate_exponent = "03"\n',
            "private_exponent: does not undo the exponent under this modulus",
        ),
    ],
)
def test_each_mistake_is_one_sentence(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as exc:
        load_downloads(tmp_path)
    assert problem in str(exc.value)
    assert name in str(exc.value)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no folder; name one that holds files like those of specs/downloads"):
        load_downloads(tmp_path / "nowhere")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "capk.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        load_downloads(tmp_path)
