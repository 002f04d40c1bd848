"""Lint says OK exactly when a host starts: over dialect files that were changed at random; each problem has a place.

A changed file may be one that ships, or one of a user's own that extends it. Keys are dropped, renamed, copied from
elsewhere, given other values or values of another type; sections are taken away, ``false`` is written for anything.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from acquirer.app.build import build_host, build_parts
from acquirer.app.dialects import lint_dialect
from acquirer.data.toml import DataError
from acquirer.dialect.lint import Report
from acquirer.security.vault import Vault
from acquirer.settings.config import make_config
from acquirer.settings.specs import dialect_names, load_dialect, read_spec
from acquirer.testing import running_host
from tests.dialects.mutations import as_toml, child, mutated

DIALECTS = dialect_names()
VAULT = Vault(bytes(32))


def start(path: Path) -> str:
    """Start a host with a dialect as far as `acquirer serve` does before it listens; returns why it refuses, or ""."""
    try:
        parts = build_parts(make_config(listen="127.0.0.1:0", store="memory:", dialect=str(path)))
        for compiled in parts.compiled:
            build_host(parts, compiled, VAULT)
    except DataError as exc:
        return str(exc)
    return ""


def check(path: Path, text: str) -> Report:
    """Hold lint to what a host does, and each problem to a place."""
    path.write_text(text, encoding="utf-8")
    report = lint_dialect(str(path))
    assert start(path) == (str(report.problems[0]) if report.problems else "")
    for problem in (*report.problems, *report.notes):
        assert problem.line > 0
        assert problem.key
        assert problem.name
    return report


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dialects")


def whole(name: str) -> dict[str, Any]:
    """Return a shipped dialect with all that it extends in one file, as data."""
    return dict(load_dialect(name).document.data)


@pytest.mark.slow
@pytest.mark.parametrize("name", DIALECTS)
def test_what_ships_has_no_problem(name: str) -> None:
    """A host does not look again."""
    assert lint_dialect(name).problems == ()


@pytest.mark.slow
def test_what_ships_is_written_and_read_again(work: Path) -> None:
    for name in DIALECTS:
        data = tomllib.loads(read_spec(name)[0])
        assert tomllib.loads(as_toml(data)) == data
        assert check(work / f"{name}.toml", as_toml(data)).problems == ()


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=300)
@given(name=st.sampled_from(DIALECTS), seed=st.integers(0, 2**32), times=st.integers(1, 3))
def test_files_that_extend_one_that_ships(name: str, seed: int, times: int, work: Path) -> None:
    own = child(whole(name), Random(seed), times)
    own.pop("extends", None)
    text = as_toml({"dialect": "child", "extends": name, **own})
    note(text)
    check(work / "child.toml", text)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=150)
@given(name=st.sampled_from(DIALECTS), seed=st.integers(0, 2**32), times=st.integers(1, 2))
def test_copies_of_one_that_ships(name: str, seed: int, times: int, work: Path) -> None:
    text = as_toml(mutated(tomllib.loads(read_spec(name)[0]), Random(seed), times))
    check(work / "copy.toml", text)


HEAD = 'dialect = "mine"\nextends = "unionpay-pos"\n'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "problem"),
    [
        ("", ""),
        ('[layouts.x]\ntitle = "x"\n', ""),
        (
            '[security]\nmac = "unionpay-ebc"\n',
            "security.mac: 'unionpay-ebc' is not known; did you mean 'unionpay-ecb'?",
        ),
        (
            '[terminal]\npackage = "009"\n',
            "terminal.package: there is no key package '009'; did you mean '006'?",
        ),
        ("[elements]\nmac = false\n", "routes.sale.reply.make: unknown element 'mac'"),
        ('[framing]\nlength = "ascii4"\nincludes_itself = true\n', ""),
        (
            '[routes.sale]\nmandatory = ["stan", "tid", "mid", "extended"]\n',
            "routes.sale.mandatory: our terminal does not",
        ),
        (
            '[routes.sale]\nmandatory = ["stan", "tid", "mid", "extended"]\nsupplied_by_others = "extended"\n',
            "",
        ),
    ],
)
def test_the_commands_agree(own: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(HEAD + own, encoding="utf-8")
    acquirer = [sys.executable, "-m", "acquirer"]
    lint = subprocess.run(
        [*acquirer, "dialect", "lint", "mine.toml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (lint.returncode, ": OK: " in lint.stdout) == ((2, False) if problem else (0, True))
    assert problem in lint.stdout
    serve = subprocess.Popen(
        [*acquirer, "serve", "--listen", "127.0.0.1:0", "--store", "memory:", "--dialect", "mine.toml", "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert serve.stdout is not None
        ready = serve.stdout.readline()
        assert ('"ready"' in ready) is not bool(problem)
    finally:
        serve.terminate()
        _, errors = serve.communicate(timeout=120)
    assert serve.returncode == (2 if problem else 0)
    if problem:
        assert errors == lint.stdout.splitlines()[0] + "\n"


def test_a_dialect_that_only_reads_is_served(tmp_path: Path) -> None:
    """What was imported from another program has no routes: a host keeps what arrives and answers nothing."""
    file = tmp_path / "mine.toml"
    fields = '[framing]\nlength = "ascii4"\n[fields]\n11 = { format = "n6", name = "trace" }\n'
    file.write_text(f'dialect = "mine"\ntitle = "mine"\n{fields}', encoding="utf-8")
    assert lint_dialect(str(file)) == Report(())
    dialect = load_dialect(str(file))
    frame = dialect.framing.wrap(dialect.encode("0800", {11: "000001"}))
    with running_host(dialect=str(file)) as host:
        with socket.create_connection((host.host, host.port), timeout=120) as connection:
            connection.sendall(frame)
            assert connection.recv(100) == b""
        (entry,) = host.journal.list()
    assert entry.reason == "mti_unknown"
    assert entry.why.endswith("it has no routes, so it only reads; add [routes.…] to it to have requests answered")


def test_a_dialect_that_answers_needs_codes(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    fields = '[fields]\n11 = { format = "n6", name = "trace" }\n41 = { format = "an8", name = "terminal" }\n'
    elements = '[elements]\nstan = "11"\ntid = "41"\n'
    (problem,) = check(file, f'dialect = "mine"\ntitle = "mine"\n{fields}{elements}').problems
    assert problem.problem.startswith("there are none, so no request could be answered; extend a dialect")
