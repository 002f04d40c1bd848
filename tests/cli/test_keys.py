"""``acquirer keys``: held against psec, which knows nothing of this program."""

from __future__ import annotations

import json
from pathlib import Path

import psec.tr31
import pytest

from acquirer import cli
from acquirer.security.secret import Secret
from tests.store.conftest import TMK

TMK_HEX = TMK.reveal().hex().upper()
KBPK = {
    "B": "89E88CF7931444F334BD7547FC3F380C",
    "D": "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6",
}

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES:cryptography.utils.CryptographyDeprecationWarning:psec")

Captured = pytest.CaptureFixture[str]


def run(capsys: Captured, *arguments: str) -> tuple[int, str, str]:
    code = cli.run(["keys", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


@pytest.mark.parametrize("version", ["B", "D"])
def test_a_block_of_ours_opens_elsewhere(capsys: Captured, version: str) -> None:
    code, out, _ = run(
        capsys, "wrap", TMK_HEX, "--kbpk", KBPK[version], "--usage", "K0", "--mode", "B", "--block", "KS=FFFF98"
    )
    assert code == 0
    header, key = psec.tr31.unwrap(bytes.fromhex(KBPK[version]), out.strip())
    assert (key, header.version_id, header.key_usage, header.mode_of_use) == (TMK.reveal(), version, "K0", "B")
    assert header.blocks["KS"] == "FFFF98"


@pytest.mark.parametrize("version", ["A", "B", "C", "D"])
def test_a_block_from_elsewhere_opens_here(capsys: Captured, version: str) -> None:
    kbpk = KBPK["D" if version == "D" else "B"]
    header = psec.tr31.Header(version, "P0", "T", "E", "00", "N")
    block = psec.tr31.wrap(bytes.fromhex(kbpk), header, TMK.reveal())
    code, out, _ = run(capsys, "open", block, "--kbpk", kbpk, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["usage"], found["kcv"], found["bytes"]) == ("P0 PIN encryption", TMK.kcv(), 16)
    assert TMK_HEX not in out
    assert json.loads(run(capsys, "open", block, "--kbpk", kbpk, "--json", "--unsafe-show")[1])["key"] == TMK_HEX


def test_a_block_under_another_key_ends_with_5(capsys: Captured) -> None:
    block = run(capsys, "wrap", TMK_HEX, "--kbpk", KBPK["B"], "--usage", "K0")[1].strip()
    code, out, err = run(capsys, "open", block, "--kbpk", "0123456789ABCDEFFEDCBA9876543210")
    assert (code, out) == (5, "")
    assert "MAC differs" in err


def test_components_from_files_make_the_key_again(capsys: Captured, tmp_path: Path) -> None:
    code, out, _ = run(capsys, "split", TMK_HEX, "--parts", "3", "--out", str(tmp_path), "--json")
    rows = json.loads(out)
    assert code == 0
    assert TMK_HEX not in out
    files = [Path(row["file"]) for row in rows[:-1]]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * 3
    assert [Secret.from_hex(file.read_text()).kcv() for file in files] == [row["kcv"] for row in rows[:-1]]
    code, out, _ = run(capsys, "combine", *[f"@{file}" for file in files], "--json")
    assert (code, json.loads(out)["kcv"]) == (0, TMK.kcv())


def test_components_are_shown_only_with_the_option_for_it(capsys: Captured) -> None:
    code, out, err = run(capsys, "split", TMK_HEX)
    assert (code, out) == (2, "")
    assert "--out DIR" in err
    assert run(capsys, "split", TMK_HEX, "--unsafe-show")[0] == 0


def test_check_values(capsys: Captured) -> None:
    assert json.loads(run(capsys, "kcv", TMK_HEX, "--json")[1]) == {"cipher": "3des", "bytes": 16, "kcv": "D0E06F38"}
    aes = json.loads(run(capsys, "kcv", "00" * 15 + "01", "--cipher", "aes", "--json")[1])
    assert set(aes) == {"cipher", "bytes", "kcv", "kcv_cmac"}
    assert "weak" in run(capsys, "kcv", "00" * 16)[2]


@pytest.mark.parametrize(
    "arguments",
    [
        ("kcv", "0"),
        ("combine", TMK_HEX),
        ("combine", TMK_HEX, TMK_HEX),
        ("wrap", TMK_HEX, "--kbpk", KBPK["B"], "--usage", "K0", "--version", "A"),
        ("wrap", TMK_HEX, "--kbpk", KBPK["B"], "--usage", "K0", "--block", "KS"),
        ("wrap", TMK_HEX, "--kbpk", KBPK["B"], "--usage", "KK0"),
        ("wrap", TMK_HEX, "--kbpk", KBPK["B"], "--usage", "K0", "--cipher", "sm4"),
        ("rotate-tmk", "10000161", "--tmk", TMK_HEX, "--tmk-cipher", "rc4"),
        ("rotate-file", "--store", "memory:"),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_no_key_in_the_sentence(
    capsys: Captured, arguments: tuple[str, ...]
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert TMK_HEX not in err


def test_a_package_needs_no_command_as_before(capsys: Captured) -> None:
    code, _, err = run(capsys, "--tmk", TMK_HEX, "00" * 5)
    assert code == 2
    assert "no package of unionpay-pos has 5 bytes" in err


def test_components_of_another_key_are_not_written_over(capsys: Captured, tmp_path: Path) -> None:
    words = ("split", "--out", str(tmp_path / "parts"))
    assert run(capsys, *words, "258FB0AB70D025CDB99DF2C4D302D646")[0] == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "parts").iterdir()}
    code, out, err = run(capsys, *words, "1234567890ABCDEFABCDEF0987654321")
    assert (code, out) == (2, "")
    assert "component-1.txt is there already, perhaps of another key: name another folder" in err
    assert {path.name: path.read_bytes() for path in (tmp_path / "parts").iterdir()} == before
    assert len(before) == 3
