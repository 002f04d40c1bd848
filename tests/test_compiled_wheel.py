"""What mypyc compiles, where a wheel is built so (scripts/compiled_wheel.py)."""

from __future__ import annotations

import ast
import importlib
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquirer.wire import codec

ROOT = Path(__file__).parents[1]
BUILD = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
MODULES: list[str] = BUILD["targets"]["wheel"]["hooks"]["custom"]["modules"]
LIBRARIES_OF_MYPYC = (b"librt", b"mypy_extensions")

compiled = pytest.mark.skipif(str(codec.__file__).endswith(".py"), reason="COMPILED=1 scripts/test runs it")


def path_of(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"


def derived(path: Path) -> Iterator[tuple[str, str]]:
    """Return each class of a module with the name of a class that it is derived from."""
    for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(one, ast.ClassDef):
            for base in one.bases:
                name = base.value if isinstance(base, ast.Subscript) else base
                yield one.name, ast.unparse(name).rpartition(".")[2]


def test_they_are_listed_once_and_are_there() -> None:
    assert sorted(set(MODULES)) == MODULES
    assert [module for module in MODULES if not path_of(module).exists()] == []


def test_what_is_not_compiled_is_derived_from_nothing_that_is() -> None:
    """Python refuses it, when the module is imported."""
    native = {
        one.name
        for module in MODULES
        for one in ast.parse(path_of(module).read_text(encoding="utf-8")).body
        if isinstance(one, ast.ClassDef)
    }
    others = set((ROOT / "acquirer").rglob("*.py")) - {path_of(module) for module in MODULES}
    assert [(path, name) for path in others for name, base in derived(path) if base in native] == []


@compiled
@pytest.mark.parametrize("module", MODULES)
def test_it_is_compiled(module: str) -> None:
    assert str(importlib.import_module(module).__file__).endswith(".so")


@compiled
def test_a_compiled_host_needs_no_library_of_its_compiler() -> None:
    files = list(Path(str(codec.__file__)).parents[2].rglob("*.so"))
    assert files
    assert [file for file in files for name in LIBRARIES_OF_MYPYC if name in file.read_bytes()] == []
