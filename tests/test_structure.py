"""Structure of the package: sizes of modules, circles, reads of the clock, heavy imports, names with one meaning."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "acquirer"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)

LONGEST = 300  # lines of a module that holds code; tables of data may be longer

# Rooms without input, output, clock or global random; `lint-imports` checks their imports, this file their calls.
PURE_ROOMS = (
    "certification", "journey", "host", "terminal", "scenario", "journal", "matcher", "model", "slip", "signature",
    "inspect", "dialect", "security", "wire", "data",
)  # fmt: skip

# Loaded only by commands that use them: each costs a start between 20 and 200 ms.
HEAVY = ("sqlalchemy", "alembic", "pydantic", "twisted", "structlog", "cryptography", "PIL", "asyncio", "rich")

# Rooms whose functions are not looked at. `cli`: Typer takes the words of the command line from them. `host/explain`:
# each is the sentence of a reason, and called with its module's name.
NAMED_AFTER_WORDS = ("cli/", "host/explain/")

# Public functions that stand in several modules under one name, because they are one thing in each of them.
SAME_IN_SEVERAL_ROOMS = {
    **dict.fromkeys(
        (
            "balance",
            "ecash_sale",
            "echo",
            "key_change",
            "offline_sale",
            "pre_auth",
            "refund",
            "sale",
            "script_result",
            "sign_off",
            "sign_on",
            "void",
        ),
        "one transaction: the service of the host and the operation of the terminal",
    ),
    "main": "the entry point of a program",
    "undo": "what the reversal of a service's transaction undoes",
    "load": "what the module describes, from its file: called with the module's name",
    "dump": "what the module describes, for its file: called with the module's name",
}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def holds_only_data(tree: ast.Module) -> bool:
    """Return whether a module has no statement but imports, assignments and its docstring, and no function."""
    statements = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)
    return all(isinstance(node, statements) for node in tree.body) and not any(
        isinstance(node, ast.Lambda) for node in ast.walk(tree)
    )


def test_no_module_of_code_is_long() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    long = {path: lengths[name_of(path)] for path in MODULES if lengths[name_of(path)] > LONGEST}
    assert {name_of(path): length for path, length in long.items() if not holds_only_data(parsed(path))} == {}


def circles(graph: grimp.ImportGraph) -> Iterator[list[str]]:
    """Yield each set of modules that import each other (Tarjan's strongly connected components)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []

    def visit(module: str) -> Iterator[list[str]]:
        order[module] = lowest[module] = len(order)
        stack.append(module)
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            if imported not in order:
                yield from visit(imported)
                lowest[module] = min(lowest[module], lowest[imported])
            elif imported in stack:
                lowest[module] = min(lowest[module], order[imported])
        if lowest[module] == order[module]:
            circle = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(circle) > 1:
                yield sorted(circle)

    for module in sorted(graph.modules):
        if module not in order:
            yield from visit(module)


def test_no_modules_import_each_other_even_for_type_checking() -> None:
    assert list(circles(grimp.build_graph("acquirer", cache_dir=None))) == []


def test_a_circle_is_found() -> None:
    graph = grimp.ImportGraph()
    for importer, imported in ("ab", "bc", "ca", "cd"):
        graph.add_import(importer=importer, imported=imported)
    assert list(circles(graph)) == [["a", "b", "c"]]


def clock_and_disk(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that read a clock, make a UUID, or open or write a file."""
    clocks = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid.uuid1", "uuid.uuid4"}
    methods = {"read_bytes", "write_text", "write_bytes", "mkdir", "unlink"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            is_method = isinstance(node.func, ast.Attribute) and node.func.attr in methods
            if is_method or ast.unparse(node.func) in {*clocks, "open", "input", "print"}:
                yield node.lineno


@pytest.mark.parametrize("room", PURE_ROOMS)
def test_pure_rooms_read_no_clock_and_touch_no_file(room: str) -> None:
    found = [
        f"{name_of(path)}:{line}" for path in MODULES if name_of(path).startswith(f"{room}/") for line in
        clock_and_disk(parsed(path))
    ]  # fmt: skip
    assert found == []


PARSERS = {
    "json": "data/json_text.py",
    "tomli": "data/toml.py",
    "tomllib": "data/toml.py",
}
"""Where each parser is called: there, what is nested too deep or does not fit into memory is one sentence."""

OTHERWISE_PARSED = {
    ("model/columns.py", "json"): "rows, for each exchange: `soundness.unpack_whole` makes the sentence",
    ("settings/shipped_words.py", "tomli"): "files that ship",
    ("store/transaction_rows.py", "json"): "rows, as in model/columns.py",
}


def parsers(tree: ast.Module) -> Iterator[str]:
    """Yield the parsers whose `load` or `loads` a module uses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("load", "loads") and isinstance(node.value, ast.Name):
            yield node.value.id
        if isinstance(node, ast.ImportFrom) and {one.name for one in node.names} & {"load", "loads"}:
            yield node.module or ""


def test_text_from_outside_is_parsed_in_one_place() -> None:
    found = {(name_of(path), parser) for path in MODULES for parser in parsers(parsed(path)) if parser in PARSERS}
    assert found - {(place, parser) for parser, place in PARSERS.items()} == set(OTHERWISE_PARSED)


WRITERS_OF_OTHER_FILES = {
    "load/": "files of measurements, in a folder of their own",
    "cli/check.py": "reports for CI, masked: what reads them may be another user",
    "cli/load_output.py": "reports of runs, for CI and for people: what reads them may be another user",
    "cli/dialect_files.py": "a dialect: nothing in it is secret",
    "cli/streams.py": "the null device",
    "settings/file_lock.py": "locks, made for their owner",
    "settings/private_file.py": "what makes files for their owner",
}


def written(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that make or open a file to write it."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        text = ast.unparse(node)
        if name in {"write_text", "write_bytes", "touch", "mkstemp", "NamedTemporaryFile"} or (
            name == "open"
            and (
                "os.O_CREAT" in text or any(isinstance(one, ast.Constant) and one.value in _MODES for one in node.args)
            )
        ):
            yield node.lineno


_MODES = {kind + form for kind in "wax" for form in ("", "b", "+", "b+", "+b", "t")}


@pytest.mark.slow
def test_files_belong_to_their_owner_alone() -> None:
    found = [
        f"{name_of(path)}:{line}"
        for path in MODULES
        if not name_of(path).startswith(tuple(WRITERS_OF_OTHER_FILES))
        for line in written(parsed(path))
    ]
    assert found == [], "use acquirer.settings.private_file"


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [["journal", "list", "--help"], ["terminals", "list", "--help"], ["check", "--help"], ["--version"]],
)
def test_the_command_line_starts_without_heavy_imports(arguments: list[str]) -> None:
    code = (
        "import sys; from acquirer.cli import run; code = run(sys.argv[1:]);"
        f"print(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.strip()) == (0, "")


def public_names() -> dict[str, list[str]]:
    """Return the public top-level classes, type aliases and functions with the modules that define them."""
    names: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for node in parsed(path).body:
            found = ""
            if isinstance(node, ast.ClassDef):
                found = node.name
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found = "" if name_of(path).startswith(NAMED_AFTER_WORDS) else node.name
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found = node.targets[0].id if is_class_name(node.targets[0].id) else ""
            if found and not found.startswith("_"):
                names[found].append(name_of(path))
    return names


def is_class_name(name: str) -> bool:
    return name[:1].isupper() and not name.isupper() and "_" not in name


@pytest.mark.slow
def test_a_public_name_has_one_meaning() -> None:
    several = {name: places for name, places in public_names().items() if len(places) > 1}
    assert {name: places for name, places in several.items() if name not in SAME_IN_SEVERAL_ROOMS} == {}


@pytest.mark.slow
def test_names_allowed_in_several_rooms_still_stand_in_several() -> None:
    names = public_names()
    assert [name for name in SAME_IN_SEVERAL_ROOMS if len(names.get(name, [])) < 2] == []
