"""Two revisions are compared with one another's own code, and nothing of it is left behind."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from acquirer.load import against, servers
from acquirer.load.against import AgainstOptions, CheckoutError, Contender, checked_out, compare, verdict
from acquirer.load.servers import ROOT, ServerProcess
from acquirer.settings.shipped import specs_dir


def git(repository: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    command = ["git", "-C", str(repository), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two commits, ``one`` and ``two``."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    path = tmp_path / "repository"
    path.mkdir()
    git(path, "init", "--quiet")
    for name in ("one", "two"):
        (path / "file").write_text(name)
        git(path, "add", ".")
        git(path, "commit", "--quiet", "-m", name)
        git(path, "tag", name)
    return path


def contender(name: str, *cpu_us: float) -> Contender:
    server: ServerProcess = None  # type: ignore[assignment]  # it is not driven
    return Contender(name, server, cpu_us=list(cpu_us))


def test_a_revision_is_checked_out_for_as_long_as_it_is_needed(repository: Path) -> None:
    with checked_out("one", repository) as tree:
        assert (tree / "file").read_text() == "one"
        assert (repository / "file").read_text() == "two"
        (tree / "left.pyc").write_text("what Python leaves there")
    assert not tree.exists()
    assert not tree.parent.exists()
    assert git(repository, "worktree", "list").count("\n") == 0
    assert git(repository, "status", "--porcelain") == ""


def test_a_checkout_is_removed_when_what_it_is_for_fails(repository: Path) -> None:
    with pytest.raises(KeyboardInterrupt), checked_out("one", repository) as tree:
        raise KeyboardInterrupt
    assert not tree.exists()
    assert git(repository, "worktree", "list").count("\n") == 0


def test_what_is_no_revision_is_explained_by_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckoutError, match="invalid reference: three"), checked_out("three", repository):
        pass
    with pytest.raises(CheckoutError, match="not a git repository"), checked_out("one", repository.parent):
        pass
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CheckoutError, match=r"git cannot be run: .*; install git"), checked_out("one", repository):
        pass


@pytest.mark.parametrize(
    ("theirs", "ours", "expected", "missed"),
    [
        ((100, 101, 102), (90, 91, 92), "ratio 0.901 (mark 1.05 reached)", False),
        ((100, 101, 102), (104, 105, 106), "ratio 1.040 (mark 1.05 reached)", False),
        ((100, 101, 102), (110, 111, 112), "ratio 1.099 (mark 1.05 MISSED)", True),
        ((90, 101, 102), (110, 111, 112), "ratio 1.099 (mark 1.05 not reached, but within the spread", False),
        ((100, 101, 102), (105, 111, 120), "ratio 1.099 (mark 1.05 not reached, but within the spread", False),
    ],
)
def test_a_revision_misses_its_mark_beyond_five_hundredths_and_the_spread(
    theirs: tuple[float, ...], ours: tuple[float, ...], expected: str, missed: bool
) -> None:
    line, found = verdict("kept", contender("v1", *theirs), contender("here", *ours))
    assert expected in line
    assert found is missed


@pytest.mark.slow
def test_two_revisions_are_compared_in_every_kind_of_load(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "acquirer", repository / "acquirer", ignore=shutil.ignore_patterns("__pycache__", "specs"))
    shutil.copytree(specs_dir(), repository / "acquirer" / "specs")
    package = repository / "acquirer" / "__init__.py"
    package.write_text(re.sub(r'__version__ = ".*"', '__version__ = "0.0.test"', package.read_text()))
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "three")
    served: list[Path] = []

    def noting(directory: Path, mid: str, *, code: Path = ROOT, rules: int = 0):
        served.append(code)
        in_force.append(rules)
        return servers.host(directory, mid, code=code, rules=rules)

    in_force: list[int] = []
    monkeypatch.setattr(against, "host", noting)
    compare(AgainstOptions("HEAD", rounds=2, connections=5, count=50, seconds=600, rules=40), repository)
    printed = capsys.readouterr().out
    for kind in ("kept", "fresh", "sales"):
        assert len(re.findall(rf"^  {kind} *round \d  HEAD +[\d.]+ µs  here +[\d.]+ µs$", printed, re.MULTILINE)) == 2
        pattern = (
            rf"^{kind}: HEAD [\d.]+ µs \([\d.]+ to [\d.]+\), here [\d.]+ µs \([\d.]+ to [\d.]+\), ratio [\d.]+ \(mark"
        )
        assert re.search(pattern, printed, re.MULTILINE)
    assert [code == ROOT for code in served] == [False, True]
    assert in_force == [0, 40], "only the host of this revision has rules, and answers as it does without"
    assert not served[0].exists()
    assert git(repository, "worktree", "list").count("\n") == 0
