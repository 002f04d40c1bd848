"""``scripts/supply-chain``: it holds for what is installed here, and notices what it is there to notice."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from scripts import supply_chain
from scripts.supply_chain import Pinned

ROOT = Path(__file__).parents[1]
TABLE = tomllib.loads((ROOT / "scripts/licences.toml").read_text())
LOCK = supply_chain.read_lock(ROOT / "requirements-test.lock")
RUN_TIME = supply_chain.closure(supply_chain.RUN_TIME_EXTRAS)


def test_every_requirement_is_pinned_with_its_hashes() -> None:
    for name in ("requirements.lock", "requirements-test.lock"):
        assert list(supply_chain.unpinned(ROOT / name)) == []
    assert {"twisted", "cryptography", "pyiso8583", "structlog"} <= {one.name for one in LOCK}


def test_a_requirement_without_a_hash_or_a_version_is_found(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text("one==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\ntwo==2.0\nthree[all]>=3\n")
    assert [sentence.split()[1] for sentence in supply_chain.unpinned(lock)] == ["two", "three"]


def test_a_changed_file_and_another_version_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(supply_chain.changed_files([Pinned("pyiso8583", "0", ())])) == [
        f"pyiso8583 {supply_chain.installed('pyiso8583').version} is installed, and 0 is locked"
    ]
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b"#" * (path.name == "decoder.py"))
    (pinned,) = [one for one in LOCK if one.name == "pyiso8583"]
    assert [sentence.partition(": ")[2] for sentence in supply_chain.changed_files([pinned])] == [
        "iso8583/decoder.py is not as it was when it was installed"
    ]


def test_licences_are_known_and_may_be_where_they_are() -> None:
    assert list(supply_chain.refused_licences([one.name for one in LOCK], RUN_TIME, TABLE)) == []
    assert supply_chain.licence_of("codespell", {}) == "GPL-2.0-only"
    assert not RUN_TIME & {"codespell", "hypothesis", "pathspec", "certifi", "bidict"}


@pytest.mark.parametrize("licence", ["GPL-2.0-only", "LGPL-3.0-or-later", "MPL-2.0", "MIT AND GPL-3.0-only"])
def test_a_licence_that_asks_for_more_is_refused_at_run_time_and_wants_a_reason_elsewhere(licence: str) -> None:
    table = {"stated": {"twisted": licence}, "reasons": {}}
    assert list(supply_chain.refused_licences(["twisted"], {"twisted"}, table)) == [
        f"twisted: {licence}, and it is installed with the program"
    ]
    (sentence,) = supply_chain.refused_licences(["twisted"], set(), table)
    assert sentence.startswith(f"twisted: {licence}; say in scripts/licences.toml")
    assert list(supply_chain.refused_licences(["twisted"], set(), {**table, "reasons": {"twisted": "why"}})) == []
    table["reasons"]["twisted"] = "a reason is none at run time"
    assert len(list(supply_chain.refused_licences(["twisted"], {"twisted"}, table))) == 1


def test_a_package_that_says_nothing_of_its_licence_is_found() -> None:
    assert len(list(supply_chain.refused_licences(["atheris"], set(), {"stated": {}, "reasons": {}}))) == 1


def test_the_list_of_materials_is_valid_and_whole() -> None:
    document = supply_chain.bill_of_materials(LOCK, RUN_TIME, TABLE["stated"])
    assert supply_chain.schema_problems(document) == []
    found = json.loads(document)
    assert {one["name"] for one in found["components"]} == {one.name for one in LOCK}
    (twisted,) = [one for one in found["components"] if one["name"] == "twisted"]
    assert (twisted["scope"], twisted["licenses"][0]["license"]["id"]) == ("required", "MIT")
    assert twisted["purl"] == f"pkg:pypi/twisted@{twisted['version']}"
    broken = document.replace('"CycloneDX"', '"Cyclone"').replace('"SHA-256"', '"SHA-255"')
    assert len(supply_chain.schema_problems(broken)) > 100


def test_an_audit_that_looked_at_nothing_is_not_taken_for_a_good_one() -> None:
    skipped = {"name": "alembic", "skip_reason": "could not be audited"}
    flawed = {"name": "x", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
    fine = {"name": "y", "version": "1", "vulns": []}
    assert supply_chain.audited("a.lock", json.dumps({"dependencies": [skipped, fine]}), "") == (
        [],
        ["a.lock: 1 of 2 packages were not looked at, as alembic"],
    )
    found, unknown = supply_chain.audited("a.lock", json.dumps({"dependencies": [flawed, fine]}), "")
    assert (found, unknown) == (["a.lock: x 1: CVE-1, fixed in 2"], [])
    assert supply_chain.audited("a.lock", "", "Traceback\nno route to host\n")[1] == [
        "a.lock: advisories cannot be had here (no route to host)"
    ]
