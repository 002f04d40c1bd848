"""Private attributes of Twisted are used in one module only, with the versions that it was tried with."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import acquirer
from acquirer.net.twisted_internals import TRIED

ROOT = Path(acquirer.__file__).parent
PRIVATE = {
    "_asyncioEventloop",
    "_internalReaders",
    "_reservedFD",
    "_shouldShutdown",
    "_tempDataLen",
    "_timerHandle",
    "_writeDisconnected",
    "dataBuffer",
    "offset",
    "waker",
}


def test_no_other_module_names_them() -> None:
    for path in ROOT.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name == "twisted_internals.py" or "twisted" not in text:
            continue
        names = {node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)}
        assert not names & PRIVATE, path


def test_the_requirement_covers_what_was_tried_and_ends_below_the_next_major_version() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [requirement] = [one for one in project["dependencies"] if one.startswith("twisted")]
    oldest, newest = TRIED[0].rpartition(".")[0], int(TRIED[-1].partition(".")[0])
    assert requirement == f"twisted>={oldest},<{newest + 1}"
