"""Every command on a store, beside no host, one with HTTP, and one without: it ends as docs/http.md says."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from acquirer.app import signature_folder
from acquirer.app.terminal import Terminal
from acquirer.cli import run
from acquirer.store import open_reader
from acquirer.testing import running_host
from tests.control.controlled import ControlledHost, controlled_host

TID, MID, TMK = "10000161", "880210010210162", "0123456789ABCDEFFEDCBA9876543210"  # published for tests
NEW = ["--mid", MID, "--tmk", TMK]

COMMANDS = {
    "terminals add": ["--tid", "77000001", *NEW],
    "terminals import": ["{folder}/more.toml"],
    "terminals fetch": [TID, "capk"],
    "keys rotate-tmk": [TID, "--tmk", TMK],
    "signatures import": ["{folder}/signed"],
    "receipt --link": ["--tid", TID, "--stan", "000002"],
    "receipt": ["--tid", TID, "--stan", "000002"],
    "journal mark": ["1", "flaky"],
    "journal list": [],
    "terminals list": [],
    "terminals show": [TID],
    "signatures list": [],
    "signatures export": ["--out", "{own}/signatures"],
    "signatures unsigned": [],
    "batch list": [],
    "report transactions": [],
    "slips export": ["--out", "{own}/slips"],
    "record": ["all", "--out", "{own}/rules.toml"],
    "store check": [],
    "store backup": ["{own}/backup.db"],
    "store purge": [],
    "store vacuum": [],
    "keys rotate-file": [],
}

PAGE = (Path(__file__).parents[2] / "docs/http.md").read_text(encoding="utf-8")
TABLE = {
    found[1]: tuple(map(int, found[2].split(" | ")))
    for found in re.finditer(r"^\| `([a-z-][^`/]*)` \| ((?:\d \| ){2}\d) \|", PAGE, re.M)
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a signed sale, and what commands read."""
    folder = tmp_path_factory.mktemp("store")
    url = f"sqlite:///{folder / 'shop.db'}"
    with (
        running_host(store=url) as host,
        Terminal(TID, host=host.address, state=folder, sign_upload="at-once") as terminal,
    ):
        terminal.sale("12.34", "standard", pin="123456", sign="Ann")
    assert run(["signatures", "export", "--out", str(folder / "signed"), "--store", url]) == 0
    (folder / "more.toml").write_text(f'[[terminal]]\ntid = "77000002"\nmid = "{MID}"\ntmk = "{TMK}"\n')
    return folder


def beside(kind: str, url: str) -> AbstractContextManager[Any]:
    if kind == "no host":
        return nullcontext()
    return controlled_host(store=url) if kind == "with HTTP" else running_host(store=url)


@pytest.fixture(params=["no host", "with HTTP", "without"], scope="module")
def place(request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    own = tmp_path_factory.mktemp("copy")
    for path in folder.glob("shop.db*"):
        shutil.copy(path, own / path.name)
    url = f"sqlite:///{own / 'shop.db'}"
    with beside(request.param, url):
        yield ("no host", "with HTTP", "without").index(request.param), own, url


def test_the_table_has_every_command_that_is_tried() -> None:
    assert list(TABLE) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_ends_as_the_table_says(
    command: str, place: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, own, url = place
    words = [word.format(folder=folder, own=own) for word in COMMANDS[command]]
    code = run([*command.split(), *words, "--store", url])
    _, err = capsys.readouterr()
    assert code == TABLE[command][kind], err
    if code == 2 and command != "receipt --link":
        assert "is in use by process" in err
        assert ("started with --http does this itself" in err) == (TABLE[command][1] == 0)


def exported(folder: Path) -> list[dict[str, Any]]:
    (path,) = (folder / "signed").glob("*.json")
    image = b64encode(path.with_suffix(".jbg").read_bytes()).decode()
    return [{"signature": json.loads(path.read_text()), "image": image}]


def pictured(host: ControlledHost) -> bytes:
    while (answer := host.get(f"/signatures?tid={TID}", Accept="image/png")).status == 404:
        pass
    return answer.body


def test_a_host_imports_signatures_and_makes_their_pictures(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"
    with controlled_host(store=url) as host:
        assert run(["signatures", "import", str(folder / "signed"), "--store", url]) == 0
        out, err = capsys.readouterr()
        assert out == "1 imported, 0 known already, 0 not imported\n"
        assert "1 pictures are left to the host that serves the store" in err
        (picture,) = (folder / "signed").glob("*.png")
        assert pictured(host)[:8] == picture.read_bytes()[:8]
        (one,) = host.get(f"/signatures?tid={TID}").json["items"]
        original = exported(folder)[0]["signature"]
        assert (one["picture"], one["digest"], one["slip"]) == ("made", original["digest"], original["slip"])
        again = host.post("/signatures", exported(folder))
        assert (again.status, again.json) == (200, {"added": 0, "known": 1, "taken": 0, "outcomes": ["known"]})


def test_signatures_that_cannot_be_imported_change_nothing(folder: Path, host: ControlledHost) -> None:
    (whole,) = exported(folder)
    described = whole["signature"]
    damaged: list[tuple[Any, str]] = [
        ({**whole, "image": "AAAA"}, "/1/image"),
        ({**whole, "image": "not base64"}, "/1/image"),
        ({**whole, "image": 3}, "/1/image"),
        ({**whole, "signature": {**described, "digest": "x"}}, "/1/signature"),
        ({**whole, "signature": {**described, "pan": "x"}}, "/1/signature"),
        ({**whole, "signature": []}, "/1/signature"),
        ({**whole, "more": 1}, "/1"),
        ({"signature": described}, "/1"),
        (3, "/1"),
    ]
    for one, pointer in damaged:
        refused = host.post("/signatures", [whole, one, whole, one])
        assert (refused.status, refused.pointers) == (422, [pointer, pointer.replace("1", "3")])
    bodies: list[Any] = [[], {}, 3, [whole] * 201]
    for body in bodies:
        assert host.post("/signatures", body).pointers == [""]
    assert host.get(f"/signatures?tid={TID}").json["items"] == []
    masked = host.post("/signatures", [{**whole, "signature": {**described, "pan": "6212345678901232"}}])
    assert masked.status == 201
    assert host.get(f"/signatures?tid={TID}").json["items"][0]["pan"] == "621234******1232"


def copies(folder: Path, to: Path, count: int) -> Path:
    """Return a folder with the same signature of so many sales."""
    (path,) = (folder / "signed").glob("*.json")
    one = json.loads(path.read_text())
    to.mkdir()
    for number in range(1, count + 1):
        base = to / f"{number}.json"
        base.write_text(json.dumps({**one, "stan": f"{number:06}"}))
        shutil.copy(path.with_suffix(".jbg"), base.with_suffix(".jbg"))
        shutil.copy(path.with_suffix(".png"), base.with_suffix(".png"))
    return to


def test_a_folder_of_many_goes_to_a_host_in_parts(folder: Path, tmp_path: Path) -> None:
    many = copies(folder, tmp_path / "many", 230)
    url = f"sqlite:///{tmp_path / 'other.db'}"
    with controlled_host(store=url) as host:
        assert run(["signatures", "import", str(many), "--store", url]) == 0
        assert host.get(f"/signatures?tid={TID}").json["total"] == 230
    with open_reader(url) as reader:
        assert len(reader.signatures(TID)) == 230


def test_what_was_read_of_a_folder_before_it_is_too_large_is_imported_by_a_host(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    many = copies(folder, tmp_path / "many", 3)
    size = sum(path.stat().st_size for path in many.iterdir())
    monkeypatch.setattr(signature_folder, "ALL_BYTES_MAX", size - 1)
    url = f"sqlite:///{tmp_path / 'other.db'}"
    with controlled_host(store=url) as host:
        assert run(["signatures", "import", str(many), "--store", url]) == 2
        assert "what was read before that is imported" in capsys.readouterr().err
        assert host.get(f"/signatures?tid={TID}").json["total"] == 2
