"""Signatures and receipts from the command line: what is shown, written, read back, and missed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from acquirer.app import signature_folder
from acquirer.app.terminal import Terminal
from acquirer.cli import run
from acquirer.cli.braille import lines
from acquirer.signature import jbig_encoder, png
from acquirer.signature.bitmap import Bitmap
from acquirer.store import open_reader
from acquirer.testing import running_host

Say = Any
TID = "10000161"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a store that a host serves: signed sales, one signed twice, and some that were not signed."""
    folder = tmp_path_factory.mktemp("host")
    url = f"sqlite:///{folder / 'host.db'}"
    with running_host(store=url, clock="2025-03-10T12:00:00") as host:
        options: dict[str, Any] = {"host": host.address, "state": folder, "sign_upload": "at-once"}
        with Terminal(TID, now=lambda: datetime(2025, 3, 10, 12), **options) as till:
            till.sale("12.34", sign="王小明", pin="123456")  # 000002
            till.sale("5.00", sign="Ann", sign_mode="pen")  # 000003, and again:
            till.sign("Bob", mode="fingerprint", stan="000003")
            till.sale("7.00")  # 000004: not signed
            till.sale("999.99", entry="contactless")  # 000005: needs no signature
            till.sale("1000.01", entry="contactless", pin="123456")  # 000006
        with Terminal(TID, now=lambda: datetime(2026, 3, 9), **options) as till:  # a clock that is a year ahead
            till.sale("8.00", sign="Carl")  # 000007
            till.sale("1.51", card="blocked")
        with Terminal("20000001", host=host.address, state=folder) as other:
            other.sale("3.00")
        _until(lambda: all(one.picture == "made" for one in host.signatures))
        yield url


def _until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def run_command(capsys: Say, url: str, *arguments: str, code: int = 0) -> str:
    assert run([*arguments, "--store", url]) == code
    return str(capsys.readouterr().out)


def test_list_shows_each_signature_that_counts(served: str, capsys: Say) -> None:
    listed = json.loads(run_command(capsys, served, "signatures", "list", "--json"))
    assert [(one["stan"], one["amount"], one["captured"], one["number"]) for one in listed] == [
        ("000002", 1234, "touch", 1),
        ("000003", 500, "fingerprint", 2),
        ("000007", 800, "touch", 1),
    ]
    for one in listed:
        assert {"tid", "mid", "batch", "stan", "rrn", "amount", "captured", "flags"} <= one.keys()
        assert (one["tid"], one["mid"], one["batch"]) == (TID, "880210010210162", "000001")
    assert [one["flags"] for one in listed] == [[], [], ["time-differs"]]
    out = run_command(capsys, served, "signatures", "list")
    assert "240 × 80" in out
    assert "time-differs" in out
    everything = json.loads(run_command(capsys, served, "signatures", "list", "--json", "--all"))
    assert [(one["stan"], one["counts"]) for one in everything] == [
        ("000002", True),
        ("000003", False),
        ("000003", True),
        ("000007", True),
    ]
    assert json.loads(run_command(capsys, served, "signatures", "list", "--json", "--tid", "20000001")) == []


@pytest.mark.slow
def test_show_tells_everything_and_draws_it(served: str, capsys: Say) -> None:
    out = run_command(capsys, served, "signatures", "show", "--tid", TID, "--stan", "000002")
    for text in ("batch 000001, STAN 000002", "12.34", "621234******1232", "消费", "240 × 80 pixels", "feature code"):
        assert text in out
    assert sum(0x2800 < ord(character) < 0x2900 for character in out) > 100
    description = json.loads(
        run_command(capsys, served, "signatures", "show", "--tid", TID, "--stan", "000002", "--json")
    )
    assert description["slip"][1] == {"tag": "FF01", "hex": "CFFBB7D1", "text": "消费"}
    assert "time-differs: " in run_command(capsys, served, "signatures", "show", "--tid", TID, "--stan", "000007")
    assert run(["signatures", "show", "--tid", TID, "--stan", "000999", "--store", served]) == 2
    assert "has no signature of terminal 10000161 with STAN 000999" in capsys.readouterr().err


def test_unsigned_names_the_likely_cause(served: str, capsys: Say) -> None:
    found = {
        (one["tid"], one["stan"]): one
        for one in json.loads(run_command(capsys, served, "signatures", "unsigned", "--json"))
    }
    assert set(found) == {(TID, "000004"), (TID, "000005"), (TID, "000006"), ("20000001", "000002")}
    assert "the pad stayed empty" in found[TID, "000004"]["cause"]
    assert (found[TID, "000005"]["free"], found[TID, "000005"]["amount"]) == (True, 99999)
    assert "free by amount: contactless, and not above 1000.00" in found[TID, "000005"]["cause"]
    assert not found[TID, "000006"]["free"]
    assert "after the next transaction" in found["20000001", "000002"]["cause"]
    low = json.loads(run_command(capsys, served, "signatures", "unsigned", "--json", "--no-sign-limit", "300"))
    assert [one["free"] for one in low] == [False] * 4
    table = run_command(capsys, served, "signatures", "unsigned", "--tid", TID)
    assert "Likely cause" in table
    assert "20000001" not in table


def test_a_limit_that_is_no_amount_is_refused(served: str, capsys: Say) -> None:
    assert run(["signatures", "unsigned", "--no-sign-limit", "much", "--store", served]) == 2
    assert "--no-sign-limit: 'much'" in capsys.readouterr().err


@pytest.fixture
def folder(served: str, tmp_path: Path, capsys: Say) -> Path:
    out = tmp_path / "out"
    run_command(capsys, served, "signatures", "export", "--out", str(out))
    return out


def rows(url: str) -> list[Any]:
    with open_reader(url) as reader:
        return [(one, reader.blob(one.digest), reader.blob(one.png)) for one in reader.signatures()]


def test_export_writes_three_files_for_each_by_terminal_batch_and_stan(served: str, folder: Path) -> None:
    names = {f"{TID}-000001-{stan}" for stan in ("000002", "000003", "000003-replaced1", "000007")}
    assert {path.name for path in folder.iterdir()} == {
        f"{name}.{kind}" for name in names for kind in ("json", "jbg", "png")
    }
    for one, stream, drawn in rows(served):
        name = f"{TID}-000001-{one.key.stan}" + ("-replaced1" if (one.key.stan, one.number) == ("000003", 1) else "")
        assert (folder / f"{name}.jbg").read_bytes() == stream
        assert (folder / f"{name}.png").read_bytes() == drawn
        assert png.decode_png(drawn).width == json.loads((folder / f"{name}.json").read_text())["width"]


def test_an_exported_folder_comes_back_without_loss(served: str, folder: Path, tmp_path: Path, capsys: Say) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"
    assert (
        run_command(capsys, url, "signatures", "import", str(folder)) == "4 imported, 0 known already, 0 not imported\n"
    )
    assert rows(url) == rows(served)
    assert (
        run_command(capsys, url, "signatures", "import", str(folder)) == "0 imported, 4 known already, 0 not imported\n"
    )
    again = tmp_path / "again"
    run_command(capsys, url, "signatures", "export", "--out", str(again))
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a store whose host could not make a picture, and stopped."""
    folder = tmp_path_factory.mktemp("host")
    url = f"sqlite:///{folder / 'host.db'}"
    with pytest.MonkeyPatch.context() as broken, running_host(store=url) as host:
        broken.setattr(sys, "executable", "/bin/true")
        with Terminal(TID, host=host.address, state=folder, sign_upload="at-once") as terminal:
            terminal.sale("1.00", sign="Ann")  # 000002
            terminal.sale(
                "2.00", sign="Bob"
            )  # 000003, and its image is replaced by a blank one, which no terminal sends
    blank = jbig_encoder.encode_jbig(Bitmap(240, 80, bytes(30 * 80)))
    damage(url, "UPDATE blob SET data = ? WHERE digest = (SELECT digest FROM signature WHERE stan = '000003')", blank)
    with open_reader(url) as reader:
        assert [one.picture for one in reader.signatures()] == ["waiting", "waiting"]
    return url


def contents(url: str) -> list[bytes]:
    """What a store's file and its log hold."""
    path = Path(url.removeprefix("sqlite:///"))
    found = [one.read_bytes() for one in (path, path.with_name(f"{path.name}-wal")) if one.exists()]
    return [one for one in found if one]


def test_a_command_renders_the_pictures_that_it_needs_and_no_host_rendered(
    waiting: str, tmp_path: Path, capsys: Say
) -> None:
    before = contents(waiting)
    run_command(capsys, waiting, "signatures", "export", "--out", str(tmp_path))
    for stan, flags in (("000002", []), ("000003", ["blank", "short-stream"])):
        base = tmp_path / f"{TID}-000001-{stan}"
        description = json.loads(base.with_suffix(".json").read_text())
        assert (description["picture"], description["width"], description["flags"]) == ("made", 240, flags)
        assert png.decode_png(base.with_suffix(".png").read_bytes()).width == 240
        ask = ("signatures", "show", "--tid", TID, "--stan", stan)
        shown = json.loads(run_command(capsys, waiting, *ask, "--json"))
        assert shown == {**description, "at": shown["at"], "at_local": shown["at_local"]}
        assert "240 × 80 pixels" in run_command(capsys, waiting, *ask)
    assert "blank: " in run_command(capsys, waiting, "signatures", "show", "--tid", TID, "--stan", "000003")
    assert contents(waiting) == before
    slip = tmp_path / "slip.png"
    out = run_command(capsys, waiting, "receipt", "--tid", TID, "--stan", "000002", "--png", str(slip))
    assert "（已电子签名）" in out


def test_a_command_renders_pictures_also_beside_a_host_that_renders_none(tmp_path: Path, capsys: Say) -> None:
    url = f"sqlite:///{tmp_path / 'host.db'}"
    with pytest.MonkeyPatch.context() as broken, running_host(store=url) as host:
        broken.setattr(sys, "executable", "/bin/true")
        with Terminal(TID, host=host.address, state=tmp_path, sign_upload="at-once") as terminal:
            terminal.sale("1.00", sign="Ann")
        run_command(capsys, url, "signatures", "export", "--out", str(tmp_path / "out"))
        assert len(list((tmp_path / "out").glob("*.png"))) == 1
        assert [one.picture for one in host.signatures] == ["waiting"]


def damage(url: str, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute(statement, values)


def copied(url: str, folder: Path) -> str:
    """The URL of a copy of a store that no host serves."""
    path = url.removeprefix("sqlite:///")
    shutil.copy(f"{path}.key", folder / "copy.db.key")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(folder / "copy.db")) as target:
        source.backup(target)
    return f"sqlite:///{folder / 'copy.db'}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("at_us = ?", "yesterday"),
        ("amount_minor = ?", b"12"),
        ("flags = ?", "[[["),
        ("flags = ?", "[" * 100_000),
        ("flags = ?", "[[1, 2]]"),
        ("slip = ?", '[["FF00", "", "\\ud800"]]'),
        ("slip = ?", "null"),
        ("picture = ?", "painted"),
        ("rrn = CAST(? AS TEXT)", b"\xff\xfe"),
        ("at_us = ?", 1 << 62),
        ("at_us = ?", -(1 << 62)),
    ],
)
def test_one_bad_row_never_hides_the_others(
    waiting: str, tmp_path: Path, capsys: Say, change: str, value: object
) -> None:
    url = copied(waiting, tmp_path)
    damage(url, f"UPDATE signature SET {change} WHERE stan = '000002'", value)
    out = run_command(capsys, url, "signatures", "list")
    assert "000003" in out
    readable = "rrn" in change or isinstance(value, int)
    assert ("000002" in out) == readable
    assert run(["signatures", "list", "--json", "--store", url]) == 0
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)) == 1 + readable
    named = f"Warning: the signature of terminal {TID}, batch 000001, STAN 000002, number 1 is damaged in the store"
    assert (named in printed.err) == (not readable)
    code = run(["signatures", "export", "--out", str(tmp_path / "out"), "--store", url])
    assert (code, len(list((tmp_path / "out").glob("*.png")))) == ((0, 2) if readable else (5, 1))
    with running_host(store=url) as host:  # and the picture of the other is made
        _until(lambda: host.signatures[-1].picture == "made" or host.signatures[0].picture == "made")


def test_an_image_that_the_store_lost_is_named(waiting: str, tmp_path: Path, capsys: Say) -> None:
    url = copied(waiting, tmp_path)
    damage(url, "DELETE FROM blob WHERE digest = (SELECT digest FROM signature WHERE stan = '000002')")
    assert run(["signatures", "export", "--out", str(tmp_path / "out"), "--store", url]) == 5
    printed = capsys.readouterr()
    expected = f"terminal {TID}, batch 000001, STAN 000002: the store does not have its image, nothing was written."
    assert printed.err.strip() == expected
    assert [Path(line).name for line in printed.out.split()] == [f"{TID}-000001-000003.json"]
    out = run_command(capsys, url, "signatures", "show", "--tid", TID, "--stan", "000002")
    assert "the store does not have the image" in out


def _spoil_json(path: Path) -> str:
    path.with_suffix(".json").write_text("{")
    return f"{path.name}.json is not JSON"


def _spoil_field(path: Path) -> str:
    description = json.loads(path.with_suffix(".json").read_text())
    del description["stan"]
    path.with_suffix(".json").write_text(json.dumps(description))
    return f"{path.name}.json describes no signature: 'stan' is missing"


def _spoil_kind(path: Path) -> str:
    description = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**description, "number": "one"}))
    return f"{path.name}.json describes no signature: 'number' is no whole number from 1 to 9999"


def _spoil_digest(path: Path) -> str:
    description = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps({**description, "digest": "../../etc"}))
    return f"{path.name}.json describes no signature: 'digest' is not a SHA-256"


def _spoil_image(path: Path) -> str:
    image = path.with_suffix(".jbg")
    image.write_bytes(image.read_bytes()[:-1] + b"\x00")
    return f"{path.name}.jbg is not the image that {path.name}.json describes"


def _lose_image(path: Path) -> str:
    path.with_suffix(".jbg").unlink()
    return f"{path.name}.jbg cannot be read: No such file"


def _spoil_picture(path: Path) -> str:
    path.with_suffix(".png").write_bytes(b"<svg onload=alert(1)>")
    return f"{path.name}.png is not the picture that {path.name}.json describes"


def _swell(path: Path) -> str:
    path.with_suffix(".jbg").write_bytes(bytes(2 << 20))
    return f"{path.name}.jbg has more than 1048576 bytes"


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoil",
    [_spoil_json, _spoil_field, _spoil_kind, _spoil_digest, _spoil_image, _lose_image, _spoil_picture, _swell],
)
def test_a_damaged_file_is_named_and_the_rest_is_imported(
    spoil: Callable[[Path], str], folder: Path, tmp_path: Path, capsys: Say
) -> None:
    sentence = spoil(folder / f"{TID}-000001-000002")
    url = f"sqlite:///{tmp_path / 'other.db'}"
    assert run(["signatures", "import", str(folder), "--store", url]) == 5
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert printed.out == "3 imported, 0 known already, 1 not imported\n"
    assert {one.key.stan for one, _, _ in rows(url)} == {"000003", "000007"}


def changed(path: Path, **more: object) -> None:
    """Change what a description says."""
    file = path.with_suffix(".json")
    file.write_text(json.dumps({**json.loads(file.read_text()), **more}))


HOSTILE_VALUES: dict[str, tuple[object, str]] = {
    "a time that no host writes": ({"at_us": 1 << 61}, "'at_us' is no whole number from 0 to 7258118400000000"),
    "a time before any": ({"at_us": -1}, "'at_us' is no whole number"),
    "a time of a thousand digits": ({"at_us": 10**1000}, "'at_us' is no whole number"),
    "an amount below nothing": ({"amount": -5}, "'amount' is no whole number"),
    "a fraction": ({"amount": 1.5}, "'amount' is no whole number"),
    "a truth": ({"number": True}, "'number' is no whole number from 1 to 9999"),
    "a huge number": ({"number": 1 << 62}, "'number' is no whole number from 1 to 9999"),
    "a huge picture": ({"width": 1 << 40}, "'width' is no whole number"),
    "no number at all": ({"at_us": float("nan")}, "is not JSON: NaN is no number of JSON"),
    "half a character": ({"tid": "\ud800"}, "is not JSON: \\ud800 is half a character"),
    "half a character in a sentence": (
        {"findings": [{"flag": "odd", "why": "\udfff"}]},
        "is not JSON: \\udfff is half a character",
    ),
    "a control character": ({"stan": "\x1b[2J"}, "'stan' is not a text of 11 characters"),
    "a flag that draws": ({"findings": [{"flag": "\x1b[2J", "why": ""}]}, "'flag' is not the name of a flag"),
    "a list for an object": ({"slip": [[]]}, "'slip' is no list of 256 objects at most"),
    "too many": ({"slip": [{}] * 1000}, "'slip' is no list of 256 objects at most"),
    "a text for a list": ({"findings": "none"}, "'findings' is no list"),
    "half a byte": ({"slip": [{"tag": "FF00", "hex": "4", "text": ""}]}, "'hex' is not the bytes of a slip element"),
    "a list for a text": ({"picture": []}, "'picture' is not waiting, made or none"),
    "another size": ({"bytes": 1}, ".jbg is not the image"),
    "a card number for a terminal": ({"tid": "6212345678901232"}, "'tid' is not a text of 8 characters at most"),
    "a short card number for a STAN": ({"stan": "501800000009"}, "'stan' is not a text of 11 characters at most"),
    "a card number for a batch": ({"batch": "６212345678901232"}, "'batch' is not a text of 11 characters at most"),
    "a card number for a merchant": ({"mid": "6212345678901232"}, "'mid' is not a text of 15 characters at most"),
    "a card number for a dialect": ({"dialect": "x-6212345678901232"}, "'dialect' is not the name of a dialect: it"),
    "a card number for a flag": (
        {"findings": [{"flag": "6212345678901232", "why": ""}]},
        "'flag' is not the name of a flag: it holds a card number",
    ),
    "a card number with a star": ({"pan": "6212345678901*32"}, "'pan' is not a card number, masked"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", HOSTILE_VALUES)
def test_hostile_values_are_named(what: str, folder: Path, tmp_path: Path, capsys: Say) -> None:
    values, sentence = HOSTILE_VALUES[what]
    assert isinstance(values, dict)
    changed(folder / f"{TID}-000001-000002", **values)
    url = f"sqlite:///{tmp_path / 'other.db'}"
    assert run(["signatures", "import", str(folder), "--store", url]) == 5
    printed = capsys.readouterr()
    assert f"{TID}-000001-000002" in printed.err
    assert sentence in printed.err
    assert (printed.err.count("\n"), printed.out) == (1, "3 imported, 0 known already, 1 not imported\n")
    run_command(capsys, url, "signatures", "list")
    assert {one.key.stan for one, _, _ in rows(url)} == {"000003", "000007"}


def _nest(path: Path) -> str:
    path.write_text('{"tid":' + "[" * 200_000)
    return "is not JSON: brackets are nested too deep"


def _pipe(path: Path) -> str:
    path.unlink()
    os.mkfifo(path)
    return "is a pipe, expected a file"


def _listen(path: Path) -> str:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(path.parent, os.O_RDONLY)  # a socket's path has a hundred characters at most
        listener.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)
    return "is a socket, expected a file"


def _link(path: Path) -> str:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    return "is a link, expected a file"


def _link_to_device(path: Path) -> str:
    path.unlink()
    path.symlink_to("/dev/zero")
    return "is a link, expected a file"


def _make_folder(path: Path) -> str:
    path.unlink()
    path.mkdir()
    return "is a folder, expected a file"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["json", "jbg", "png"])
@pytest.mark.parametrize("spoil", [_pipe, _listen, _link, _link_to_device, _make_folder])
def test_what_is_no_file_is_not_opened(
    spoil: Callable[[Path], str], kind: str, folder: Path, tmp_path: Path, capsys: Say
) -> None:
    name = f"{TID}-000001-000002.{kind}"
    sentence = spoil(folder / name)
    url = f"sqlite:///{tmp_path / 'other.db'}"
    assert run(["signatures", "import", str(folder), "--store", url]) == 5
    printed = capsys.readouterr()
    assert printed.err == f"{name} {sentence}.\n"
    assert printed.out == "3 imported, 0 known already, 1 not imported\n"


@pytest.mark.slow
def test_json_nested_without_end_is_named(folder: Path, tmp_path: Path, capsys: Say) -> None:
    sentence = _nest(folder / f"{TID}-000001-000002.json")
    url = f"sqlite:///{tmp_path / 'other.db'}"
    assert run(["signatures", "import", str(folder), "--store", url]) == 5
    assert capsys.readouterr().err == f"{TID}-000001-000002.json {sentence}.\n"


def test_names_of_files_cannot_move_the_cursor(tmp_path: Path, capsys: Say) -> None:
    folder = tmp_path / "a\nb\x1b[2J"
    folder.mkdir()
    (folder / "x\n\x1b]0;title\x07.json").write_text("{}")
    (folder / os.fsdecode(b"\xff.json")).write_text("{")
    url = f"sqlite:///{tmp_path / 'other.db'}"
    assert run(["signatures", "import", str(folder), "--store", url]) == 5
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        r"x\n\x1b]0;title\x07.json describes no signature: 'dialect' is missing.",
        r"\udcff.json is not JSON: expecting property name enclosed in double quotes (line 1).",
    ]


def test_a_card_number_in_the_clear_is_masked_before_it_is_stored(folder: Path, tmp_path: Path, capsys: Say) -> None:
    pan = "6212345678901232"
    path = folder / f"{TID}-000001-000002"
    slip = [
        {"tag": "FF00", "hex": pan.encode().hex().upper(), "text": pan},
        {"tag": "FF7E", "hex": pan, "text": ""},  # in a tag that is not known, packed
        {"tag": "FF01", "hex": "CFFBB7D1", "text": pan},  # the text is read from the bytes
        {"tag": "FF02", "hex": "", "text": f"card {pan}"},
    ]
    changed(path, pan=pan, slip=slip, findings=[{"flag": "odd", "why": f"card {pan}"}])
    url = f"sqlite:///{tmp_path / 'other.db'}"
    run_command(capsys, url, "signatures", "import", str(folder))
    (one,) = [one for one, _, _ in rows(url) if one.key.stan == "000002"]
    assert one.pan_masked == "621234******1232"
    assert [element.text for element in one.slip] == [
        "[16 bytes hidden]",
        "[8 bytes hidden]",
        "消费",
        "card 621234******1232",
    ]
    assert one.flags[0].why == "card 621234******1232"
    for data in contents(url):
        assert pan.encode() not in data
        assert bytes.fromhex(pan) not in data


def test_a_folder_of_more_files_than_are_read_at_once_is_refused_whole(
    folder: Path, tmp_path: Path, capsys: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signature_folder, "FILES_MAX", 11)
    url = f"sqlite:///{tmp_path / 'other.db'}"
    assert run(["signatures", "import", str(folder), "--store", url]) == 2
    assert "has more than 11 files: import it in parts" in capsys.readouterr().err
    assert rows(url) == []
    monkeypatch.setattr(signature_folder, "FILES_MAX", 12)
    monkeypatch.setattr(signature_folder, "ALL_BYTES_MAX", 4_000)
    assert run(["signatures", "import", str(folder), "--store", url]) == 2
    assert (
        "of signatures: import it in parts, each in a folder of its own; nothing was imported."
        in capsys.readouterr().err
    )
    assert rows(url) == []


@pytest.mark.slow
def test_a_hundred_thousand_files_are_looked_at_in_seconds(tmp_path: Path, capsys: Say) -> None:
    junk = tmp_path / "junk"
    junk.mkdir()
    for number in range(signature_folder.FILES_MAX):
        (junk / f"{number}.json").touch()
    url = f"sqlite:///{tmp_path / 'other.db'}"
    began_s = time.process_time()
    assert run(["signatures", "import", str(junk), "--store", url]) == 5
    assert time.process_time() - began_s < 60
    printed = capsys.readouterr()
    assert printed.err.splitlines()[-1] == f"{signature_folder.FILES_MAX - 20} more files were not imported."
    assert len(printed.err.splitlines()) == 21
    (junk / "one more").touch()
    assert run(["signatures", "import", str(junk), "--store", url]) == 2
    assert "has more than 100000 files" in capsys.readouterr().err


def test_pictures_that_would_take_too_long_are_left_to_the_host(
    folder: Path, tmp_path: Path, capsys: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signature_folder, "DRAWING_S", -1)
    url = f"sqlite:///{tmp_path / 'other.db'}"
    assert run(["signatures", "import", str(folder), "--store", url]) == 0
    assert capsys.readouterr().err == "4 pictures are left to the host that serves the store.\n"
    assert [one.picture for one, _, _ in rows(url)] == ["waiting"] * 4
    again = tmp_path / "again"
    run_command(capsys, url, "signatures", "export", "--out", str(again))
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


def test_an_import_never_replaces_what_a_store_has(folder: Path, tmp_path: Path, capsys: Say) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"
    run_command(capsys, url, "signatures", "import", str(folder))
    for kind in ("jbg", "png"):
        shutil.copy(folder / f"{TID}-000001-000007.{kind}", folder / f"{TID}-000001-000002.{kind}")
    description = json.loads((folder / f"{TID}-000001-000007.json").read_text())
    (folder / f"{TID}-000001-000002.json").write_text(json.dumps({**description, "stan": "000002"}))
    before = rows(url)
    assert run(["signatures", "import", str(folder), "--store", url]) == 5
    assert "the store has another signature of this number; it stays" in capsys.readouterr().err
    assert rows(url) == before


def test_a_missing_folder_and_a_store_in_use_are_refused(served: str, folder: Path, capsys: Say) -> None:
    assert run(["signatures", "import", "/nowhere", "--store", served]) == 2
    assert "/nowhere is no folder" in capsys.readouterr().err
    assert run(["signatures", "import", str(folder), "--store", served]) == 2
    assert "is in use by process" in capsys.readouterr().err


def test_a_receipt_is_printed_again_with_its_signature_and_counts_its_copies(
    served: str, tmp_path: Path, capsys: Say
) -> None:
    picture = tmp_path / "slip.png"
    ask = ("receipt", "--tid", TID, "--stan", "000002", "--png", str(picture))
    first, second = run_command(capsys, served, *ask), run_command(capsys, served, *ask)
    assert "****重打印/DUPLICATED 1****" in first
    assert second == first.replace("DUPLICATED 1", "DUPLICATED 2")
    for text in ("POS签购单", "Demo shop, first POS", "621234******1232/I", "RMB 12.34", "2025/03/10 12:00:00"):
        assert text in first
    assert "（已电子签名）" in first
    assert all(len(line.encode("gbk")) <= 32 for line in first.splitlines())
    signed = png.decode_png(picture.read_bytes())
    assert signed.width == 384
    unsigned_picture = tmp_path / "unsigned.png"
    out = run_command(capsys, served, "receipt", "--tid", TID, "--stan", "000004", "--png", str(unsigned_picture))
    assert "持卡人签名(CARDHOLDER SIGNATURE)\n\n\n\n" in out
    assert signed.black() != png.decode_png(unsigned_picture.read_bytes()).black()


def test_a_receipt_in_english_for_the_cardholder(served: str, capsys: Say) -> None:
    out = run_command(
        capsys, served, "receipt", "--tid", TID, "--stan", "000003", "--lang", "en", "--copy", "cardholder"
    )
    assert "CARDHOLDER COPY" in out
    assert "DUPLICATED 1" in out
    assert out.isascii()
    assert "SIGNATURE" not in out  # on the merchant's copy only


def test_a_sale_free_of_signature_says_so(served: str, capsys: Say) -> None:
    assert "交易金额未超1000元" in run_command(capsys, served, "receipt", "--tid", TID, "--stan", "000005")
    assert "持卡人签名" in run_command(capsys, served, "receipt", "--tid", TID, "--stan", "000006")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--stan", "000999"], "The store has no transaction of terminal 10000161 with STAN 000999"),
        (["--stan", "000002", "--batch", "000009"], "with STAN 000002 in batch 000009"),
        (["--stan", "000008"], "was answered 62: there is no receipt of it"),
        (["--stan", "000002", "--lang", "fr"], "--lang fr: slips are printed in both, zh or en"),
        (["--stan", "000002", "--copy", "till"], "a slip is the merchant, cardholder or bank's"),
    ],
)
def test_a_receipt_that_cannot_be_is_explained(arguments: list[str], sentence: str, served: str, capsys: Say) -> None:
    assert run(["receipt", "--tid", TID, *arguments, "--store", served]) == 2
    assert sentence in capsys.readouterr().err


def test_a_receipt_of_a_reversed_sale_says_that_it_does_not_stand(tmp_path: Path, capsys: Say) -> None:
    url = f"sqlite:///{tmp_path / 'host.db'}"
    with running_host(store=url) as host, Terminal(TID, host=host.address, state=tmp_path) as till:
        till.sale("1.00")
        till.reverse()
    assert "已冲正 REVERSED" in run_command(capsys, url, "receipt", "--tid", TID, "--stan", "000002")


@pytest.fixture(scope="module")
def returned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a store with a voided sale, a refunded one, their void and refund, and a balance inquiry."""
    folder = tmp_path_factory.mktemp("host")
    url = f"sqlite:///{folder / 'host.db'}"
    with (
        running_host(store=url, clock="2025-03-10T12:00:00") as host,
        Terminal(TID, host=host.address, state=folder, now=lambda: datetime(2025, 3, 10, 12)) as terminal,
    ):
        sale = terminal.sale("12.34", pin="123456")  # 000002
        assert terminal.void().outcome is sale.outcome  # 000003
        terminal.sale("80.00", entry="contactless", pin="123456")  # 000004: needs no signature
        refund = terminal.refund("30.00", sign="Ann")  # 000005: signed
        assert refund.outcome is sale.outcome
        terminal.refund("9.00", entry="contactless")  # 000006: of a small amount, but no sale
        terminal.balance(pin="123456")  # 000007
        yield url


def test_unsigned_lists_voids_and_refunds_and_no_voided_sale(returned: str, capsys: Say) -> None:
    found = json.loads(run_command(capsys, returned, "signatures", "unsigned", "--json"))
    assert [(one["stan"], one["kind"], one["free"]) for one in found] == [
        ("000003", "void", False),
        ("000004", "sale", True),
        ("000006", "refund", False),
    ]
    table = run_command(capsys, returned, "signatures", "unsigned")
    assert all(text in table for text in ("Kind", "void", "refund"))


def test_the_receipt_of_a_void_names_the_sale_and_has_a_minus(returned: str, capsys: Say) -> None:
    out = run_command(capsys, returned, "receipt", "--tid", TID, "--stan", "000003")
    for text in ("消费撤销/VOID", "RMB -12.34", "原凭证号(VOUCHER) 000002"):
        assert text in " ".join(out.split())
    assert "持卡人签名(CARDHOLDER SIGNATURE)\n\n\n\n" in out
    assert "原参考号" not in out
    assert "已撤销 VOIDED" in run_command(capsys, returned, "receipt", "--tid", TID, "--stan", "000002")


def test_the_receipt_of_a_refund_names_the_sale_by_its_reference_number_and_date(returned: str, capsys: Say) -> None:
    with open_reader(returned) as reader:
        rrn = {one.key.stan: one.rrn for one in reader.transactions(TID)}["000004"]
    out = run_command(capsys, returned, "receipt", "--tid", TID, "--stan", "000005")
    for text in ("退货/REFUND", "RMB -30.00", f"原参考号(REFER NO) {rrn}", "原交易日期(DATE) 0310"):
        assert text in " ".join(out.split()), out
    english = run_command(capsys, returned, "receipt", "--tid", TID, "--stan", "000005", "--lang", "en")
    assert f"ORIGINAL REFER NO {rrn}" in " ".join(english.split())
    sale = run_command(capsys, returned, "receipt", "--tid", TID, "--stan", "000004")
    assert "已退货 REFUNDED 39.00" in sale
    assert "RMB 80.00" in sale


def test_a_balance_inquiry_has_no_receipt(returned: str, capsys: Say) -> None:
    assert run(["receipt", "--tid", TID, "--stan", "000007", "--store", returned]) == 2
    expected = f"The balance inquiry of terminal {TID} with STAN 000007 moved no money: there is no receipt of it.\n"
    assert capsys.readouterr().err == expected


def test_braille_is_no_wider_than_its_limit() -> None:
    wide = Bitmap(384, 100, b"\xff" * 48 * 100)
    for columns in (10, 40, 192, 300):
        drawn = lines(wide, columns)
        assert max(map(len, drawn)) <= columns
        assert all(0x2800 < ord(dots) < 0x2900 for line in drawn for dots in line)
    assert lines(Bitmap(9, 1, b"\x00\x80"), 80) == ["\u2800\u2800\u2800\u2800⠁"]
