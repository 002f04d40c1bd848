"""Change the source in one place, run the tests that cover the place, and see whether one fails.

1. The tree is copied to a temporary folder; nothing is changed in place.
2. The tests (see TESTS) run once under coverage, each as a context of its own, so that it is known which tests reach a
   line, in the test's process or in a child of it. What a fixture of many tests does belongs to each of them. Kept in
   .mutants/ and measured again where files have changed.
3. The operators of mutmut give all mutants of the rooms. A seed orders them by a hash, the first COUNT are drawn: a
   change to one module leaves the draw in the others as it was.
4. Each mutant runs the tests that cover its lines, quickest first, until one fails. A line that runs at import belongs
   to the tests that cover its module or lie in its room's folder. A mutant is killed by a failure, by an import that
   fails, or by taking much longer than the tests take; else it has survived, as has one that no test covers.
5. Results are written one by one to .mutants/results.jsonl: an interrupted run goes on where it stopped.

hypothesis tries 20 examples of a property, here as in `scripts/test --fast`, the same ones every time.

Left out are what never runs (annotations, the type named in a cast), changes to the case of a text, and decorators.
What they decorate is changed, though mutmut would leave it out: most rules of the host stand in decorated functions.
tests/equivalent_mutants.toml lists the mutants that no test can notice, one by one, with the reason.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import coverage
import libcst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import MutationVisitor, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import get_ignored_lines

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".mutants"
RESULTS = STATE / "results.jsonl"
EQUIVALENT = ROOT / "tests/equivalent_mutants.toml"
ROOMS = ("host", "store", "security", "model")

NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "demo", "dist", "build", "*.egg-info")
TESTS = ("acquirer", *(f"tests/{folder}" for folder in (*ROOMS, "journal", "mistakes", "scenario", "v01")))
"""Doctests, the tests of the four rooms, and conversations that go through all of them. Those of commands, dialects and
tools reach the four rooms too, and take five times as long: what only they would notice counts as survived."""

BUDGET_S = 90.0  # of tests, as measured, for one mutant; what is slower than that is left out
PATIENCE = 4.0  # a mutant whose tests take this many times as long as measured is stuck
GRACE_S = 30.0  # added to that, for the start of pytest on a busy machine
MEMORY_KIB = 4 << 20  # of address space, for mutants that allocate without end

PLUGIN = """
import json, os, time
import coverage
import pytest

tests = {}  # by name: seconds without fixtures of many tests, whether it passed, the fixtures that it uses
fixtures = {}  # those of many tests: seconds of their setup
item_running = None
context = ""

def switch(name):
    global context
    before, context = context, name
    running = coverage.Coverage.current()
    if running is not None:
        running.switch_context(name)
    return before

@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    global item_running
    item_running = item
    item.user_properties.append(("uses", list(getattr(item, "fixturenames", ()))))
    switch(item.nodeid)
    yield
    switch("")

@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef):
    if fixturedef.scope == "function":
        yield
        return
    name = f"fixture {fixturedef.baseid}::{fixturedef.argname}"
    variable, os.environ["PYTEST_CURRENT_TEST"] = os.environ.get("PYTEST_CURRENT_TEST", ""), name
    before, begin = switch(name), time.perf_counter()
    yield
    item_running.user_properties.append(("fixture", [name, time.perf_counter() - begin]))
    switch(before)
    os.environ["PYTEST_CURRENT_TEST"] = variable

def pytest_runtest_logreport(report):
    seconds, passed, uses = tests.get(report.nodeid, (0.0, True, []))
    seconds += report.duration
    if report.when == "setup":
        for kind, value in report.user_properties:
            if kind == "uses":
                uses = value
            elif kind == "fixture":
                name, taken = value
                fixtures[name] = max(taken, fixtures.get(name, 0.0))
                seconds = max(0.0, seconds - taken)
    tests[report.nodeid] = (seconds, passed and not report.failed, uses)

def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        with open(os.environ["MUTATION_FACTS"], "w") as file:
            json.dump([tests, fixtures], file)
"""

COVERAGE_SETTINGS = """
[run]
include = {include}
parallel = true
data_file = {data}
context = ${{PYTEST_CURRENT_TEST-}}
patch = subprocess
disable_warnings = no-data-collected, module-not-imported
"""


@dataclass(frozen=True)
class Mutant:
    """One change of one node: the file, the lines that it touches, and how to write it."""

    key: str
    path: str
    first: int
    last: int
    statement: range  # the lines of the statement that it changes
    at_import: bool
    module: libcst.Module
    node: libcst.CSTNode
    mutated: libcst.CSTNode

    @property
    def room(self) -> str:
        return self.path.split("/")[1]

    def source(self) -> str:
        """Return the whole file with the change."""
        changed = deep_replace(self.module, self.node, self.mutated)
        assert isinstance(changed, libcst.Module)
        return changed.code

    def diff(self) -> str:
        before, after = self.module.code.splitlines(), self.source().splitlines()
        return "\n".join(difflib.unified_diff(before, after, self.path, self.path, lineterm="", n=2))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def copy_tree(place: Path) -> Path:
    """Copy what the tests need to `place`, with bytecode that is checked by content: mutants come within one second."""
    shutil.copytree(ROOT, place, ignore=NOT_COPIED)
    command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "acquirer", "tests"]
    subprocess.run(command, cwd=place, check=True)
    return place


def environment(tree: Path) -> dict[str, str]:
    """Return variables under which `acquirer` is the copy in `tree`, and tests try the same examples every time."""
    more = {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true", "TEST_PROFILE": "fast"}
    return {**os.environ, **more}


# ── which tests reach a line ──────────────────────────────────────────────────────────────────────────────────────────


class Reach:
    """Which tests reach which lines, and how long each takes."""

    def __init__(self) -> None:
        self.data_file = STATE / "coverage"
        self.facts_file = STATE / "tests.json"
        facts = json.loads(self.facts_file.read_text()) if self.facts_file.exists() else {}
        facts = facts if "uses" in facts else {}  # of an earlier version
        self.digests: dict[str, str] = facts.get("digests", {})
        self.durations: dict[str, float] = facts.get("durations", {})
        self.fixtures: dict[str, float] = facts.get("fixtures", {})  # those of many tests
        self.uses: dict[str, list[str]] = facts.get("uses", {})  # which of them a test uses
        self.by_line: dict[str, dict[int, set[str]]] = {}

    def measure(self, workers: int, only: list[str]) -> None:
        """Run the tests that have changed since the last time, or all of them when other files have.

        Args:
            workers: processes of pytest at once.
            only: files or folders of tests to know and use instead of all, for a trial with one room.
        """
        if only:
            self.durations = {}
            self.data_file.unlink(missing_ok=True)
            self._run(only, workers)
            self.facts_file.unlink(missing_ok=True)
            return
        files = [path for top in ("acquirer", "tests", "specs") for path in sorted((ROOT / top).rglob("*"))]
        files = [path for path in files if path.is_file() and "__pycache__" not in path.parts and path != EQUIVALENT]
        now = {str(path.relative_to(ROOT)): digest(path) for path in files}
        changed = {path for path in now | self.digests if now.get(path) != self.digests.get(path)}
        if not changed:
            return
        tests = {path for path in changed if path.startswith("tests/") and Path(path).name.startswith("test_")}
        some = tests == changed and self.data_file.exists()
        if some:
            self.durations = {test: taken for test, taken in self.durations.items() if test.split("::")[0] not in tests}
        else:
            self.durations = {}
            self.data_file.unlink(missing_ok=True)
        targets = sorted(path for path in tests if path in now) if some else list(TESTS)
        targets = [path for path in targets if path.startswith(TESTS)]
        if targets:
            self._run(targets, workers)
        self.digests = now
        facts = {"digests": now, "durations": self.durations, "fixtures": self.fixtures, "uses": self.uses}
        self.facts_file.write_text(json.dumps(facts))

    def _run(self, targets: list[str], workers: int) -> None:
        print(f"measuring which tests reach which line: {' '.join(targets)}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="mutants-") as temporary:
            place = Path(temporary)
            tree = copy_tree(place / "tree")
            (place / "mutation_contexts.py").write_text(PLUGIN)
            include = "\n    ".join(f"{tree}/acquirer/{room}/*" for room in ROOMS)
            settings = COVERAGE_SETTINGS.format(data=place / "data/coverage", include=include)
            (place / "coveragerc").write_text(settings)
            (place / "data").mkdir()
            facts = place / "facts.json"
            variables = environment(tree)
            variables |= {"MUTATION_FACTS": str(facts), "COVERAGE_PROCESS_START": str(place / "coveragerc")}
            variables["PYTHONPATH"] += os.pathsep + str(place)
            command = [sys.executable, "-m", "pytest", *targets, "-q", "-n", str(workers), "--dist=worksteal",
                       "-p", "mutation_contexts", "-p", "no:randomly", "-p", "no:cacheprovider"]  # fmt: skip
            subprocess.run(command, cwd=tree, env=variables, check=False, stdout=sys.stderr, stdin=subprocess.DEVNULL)
            if not facts.exists():
                sys.exit("The tests do not start without a mutant: see above, and run ./scripts/test first.")
            known, fixtures = json.loads(facts.read_text())
            self._learn(known, fixtures)
            combined = coverage.CoverageData(basename=str(self.data_file))
            combined.read()
            for part in sorted((place / "data").iterdir()):
                data = coverage.CoverageData(basename=str(part))
                try:
                    data.read()
                except coverage.CoverageException:  # of a process that was killed while it wrote
                    continue
                combined.update(data, map_path=lambda path: path.removeprefix(str(tree) + "/"))
            combined.write()

    def _learn(self, known: dict[str, tuple[float, bool, list[str]]], fixtures: dict[str, float]) -> None:
        failed = sorted(test for test, (_, passed, _) in known.items() if not passed)
        if failed:
            print(f"{len(failed)} tests fail without a mutant and are left out:", *failed, sep="\n  ", file=sys.stderr)
        self.durations |= {test: seconds for test, (seconds, passed, _) in known.items() if passed}
        self.fixtures |= fixtures
        for test, (_, _, names) in known.items():
            # A fixture is known by where it is defined and what it is called.
            self.uses[test] = [
                fixture for fixture in self.fixtures
                for base, _, name in [fixture.removeprefix("fixture ").rpartition("::")]
                if name in names and test.startswith(base)
            ]  # fmt: skip

    def tests_of(self, path: str) -> dict[int, set[str]]:
        """Return the passing tests that reach each line of one file."""
        if path not in self.by_line:
            data = coverage.CoverageData(basename=str(self.data_file))
            data.read()
            lines = data.contexts_by_lineno(path)
            users: dict[str, set[str]] = defaultdict(set)
            for test in self.durations:
                for fixture in self.uses[test]:
                    users[fixture].add(test)
            self.by_line[path] = {
                line: set().union(*(users.get(name, {name}) for name in map(self._name, contexts)))
                & set(self.durations)
                for line, contexts in lines.items()
            }
        return self.by_line[path]

    @staticmethod
    def _name(context: str) -> str:
        """Return the test, or the fixture, of a context."""
        # A child's context is what pytest had put into the environment: the test with its phase.
        context = context.partition("|")[0]
        return context.removesuffix(" (call)").removesuffix(" (setup)").removesuffix(" (teardown)")

    def seconds(self, tests: Iterable[str]) -> float:
        """Return how long these tests take together, with the fixtures that they share."""
        chosen = list(tests)
        shared = {fixture for test in chosen for fixture in self.uses[test]}
        return sum(self.durations[test] for test in chosen) + sum(self.fixtures[fixture] for fixture in shared)

    def choose(self, mutant: Mutant) -> list[str]:
        """Return the tests for one mutant, quickest first, as many as the budget allows."""
        lines = self.tests_of(mutant.path)
        if mutant.at_import:
            own = (f"tests/{mutant.room}/", f"{mutant.path}::")
            tests = set().union(*lines.values()) | {test for test in self.durations if test.startswith(own)}
        else:
            own_lines = set().union(*(lines.get(line, set()) for line in range(mutant.first, mutant.last + 1)))
            # A line with nothing but a part of a text is never run by itself.
            tests = own_lines or set().union(*(lines.get(line, set()) for line in mutant.statement))
        chosen: list[str] = []
        total, shared = 0.0, set[str]()
        for _, test in sorted((self.seconds([test]), test) for test in tests):
            fixtures = set(self.uses[test]) - shared
            total += self.durations[test] + sum(self.fixtures[fixture] for fixture in fixtures)
            if chosen and total > BUDGET_S:
                break
            shared |= fixtures
            chosen.append(test)
        return chosen


# ── mutants ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def is_left_out(node: libcst.CSTNode, mutated: libcst.CSTNode) -> bool:
    """Return whether a change is none that a test should notice: the type in a cast, or only the case of a text.

    mutmut has three changes for a text; the one that adds letters is drawn, so that texts do not count three times.
    """
    if isinstance(node, libcst.SimpleString) and isinstance(mutated, libcst.SimpleString):
        return node.value.lower() == mutated.value.lower()
    if isinstance(node, libcst.Call) and isinstance(node.func, libcst.Name) and node.func.value == "cast":
        return isinstance(mutated, libcst.Call) and mutated.args[-1].deep_equals(node.args[-1])
    return False


class Visitor(MutationVisitor):
    """mutmut's operators, over decorated functions and classes too.

    mutmut leaves those out because it puts a wrapper around each function that it changes; here the source is changed.
    """

    def _skip_node_and_children(self, node: libcst.CSTNode) -> bool:
        if isinstance(node, libcst.Decorator):
            return True
        if isinstance(node, libcst.FunctionDef | libcst.ClassDef) and node.decorators:
            return False
        return bool(super()._skip_node_and_children(node))


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield all mutants of a file, each with a key that does not depend on where in the file it stands."""
    text = path.read_text(encoding="utf-8")
    wrapper = MetadataWrapper(libcst.parse_module(text))
    visitor = Visitor(mutation_operators, get_ignored_lines(str(path), text, wrapper, None))
    module, mutations = wrapper.visit(visitor), visitor.mutations
    positions = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    nodes = list(ast.walk(ast.parse(text)))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    statements = [lines_of(node) for node in nodes if isinstance(node, ast.stmt)]
    name = str(path.relative_to(ROOT))
    seen = Counter[str]()
    for mutation in mutations:
        node, mutated = mutation.original_node, mutation.mutated_node
        if node not in positions or is_left_out(node, mutated):
            continue
        position = positions[node]
        first, last = position.start.line, position.end.line
        around = [one for one in functions if one.lineno <= first and last <= (one.end_lineno or 0)]
        # The `def` line and its defaults run at import; one-line functions do not occur.
        at_import = not any(first >= one.body[0].lineno for one in around)
        owner = ".".join(one.name for one in around)
        content = "\n".join([name, owner, module.code_for_node(node), module.code_for_node(mutated)])
        seen[content] += 1
        key = hashlib.sha256(f"{content}\n{seen[content]}".encode()).hexdigest()[:16]
        statement = min(
            (one for one in statements if first in one and last in one), key=len, default=range(first, last + 1)
        )
        yield Mutant(key, name, first, last, statement, at_import, module, node, mutated)


def lines_of(node: ast.stmt) -> range:
    """Return the lines of a statement, of one with others in it those before the first of them."""
    body = getattr(node, "body", None)
    return range(node.lineno, max(body[0].lineno, node.lineno + 1) if body else (node.end_lineno or node.lineno) + 1)


def all_mutants(rooms: Iterable[str]) -> list[Mutant]:
    """Return all mutants of the rooms."""
    files = [path for room in rooms for path in sorted((ROOT / "acquirer" / room).rglob("*.py"))
             if "migrations" not in path.parts]  # fmt: skip
    everything = [mutant for path in files for mutant in mutants_of(path)]
    print(f"{len(everything)} mutants of {len(files)} files", file=sys.stderr)
    return everything


def draw(everything: Iterable[Mutant], seed: int, count: int) -> list[Mutant]:
    """Return `count` mutants, in an order that the seed gives, each of another text that compiles."""
    drawn: list[Mutant] = []
    texts: set[str] = set()
    order = sorted(everything, key=lambda mutant: hashlib.sha256(f"{seed}:{mutant.key}".encode()).digest())
    for mutant in order:
        if len(drawn) == count:
            break
        text = mutant.source()
        if text in texts or text == mutant.module.code or not compiles(text):
            continue
        texts.add(text)
        drawn.append(mutant)
    return drawn


def compiles(text: str) -> bool:
    try:
        compile(text, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


# ── running ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def outcome_of(mutant: Mutant, tree: Path, tests: list[str], expected_s: float) -> str:
    """Run the tests against the mutant in `tree` and return killed, stuck or survived."""
    if not tests:
        return "survived"
    target = tree / mutant.path
    original = target.read_text(encoding="utf-8")
    arguments = tree / "mutant-tests.txt"
    arguments.write_text("\n".join(tests), encoding="utf-8")
    limits = f'ulimit -v {MEMORY_KIB} -c 0; exec "$@"'
    command = ["bash", "-c", limits, "-", sys.executable, "-m", "pytest", f"@{arguments}", "-x", "-q"]
    command += ["-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist"]
    try:
        target.write_text(mutant.source(), encoding="utf-8")
        process = subprocess.Popen(
            command, cwd=tree, env=environment(tree), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        try:
            output, _ = process.communicate(timeout=GRACE_S + PATIENCE * expected_s)
        except subprocess.TimeoutExpired:
            return "stuck"
        finally:
            with suppress(ProcessLookupError):  # children that a test has left behind hold the pipe and the processors
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    finally:
        target.write_text(original, encoding="utf-8")
    # 0: all passed. 1: failed. 2, 3, 4: the mutant breaks an import, a conftest or pytest's own run.
    if process.returncode == 5:
        raise RuntimeError(f"{mutant.path}: pytest ran nothing:\n{output[-2000:]}")
    return "survived" if process.returncode == 0 else "killed"


class Results:
    """What became of each mutant, a line of JSON per result; a later line replaces an earlier one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.by_key: dict[str, dict[str, Any]] = {}
        if RESULTS.exists():
            for line in RESULTS.read_text(encoding="utf-8").splitlines():
                result = json.loads(line)
                self.by_key[result["key"]] = result

    def add(self, result: dict[str, Any]) -> None:
        with self._lock:
            self.by_key[result["key"]] = result
            with RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result, ensure_ascii=False) + "\n")


def run(mutants: list[Mutant], reach: Reach, results: Results, workers: int, minutes: float) -> None:
    """Run the mutants, `workers` at once, each in its own copy of the tree, for at most so many minutes."""
    deadline = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory(prefix="mutants-") as temporary, ThreadPoolExecutor(workers) as pool:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(workers):
            trees.put(copy_tree(Path(temporary) / f"tree{number}"))
        chosen = {mutant.key: reach.choose(mutant) for mutant in mutants}

        def work(number: int, mutant: Mutant) -> None:
            if time.monotonic() > deadline:
                return
            tree = trees.get()
            begin = time.monotonic()
            tests = chosen[mutant.key]
            try:
                outcome = outcome_of(mutant, tree, tests, reach.seconds(tests))
            finally:
                trees.put(tree)
            seconds = round(time.monotonic() - begin, 1)
            results.add({"key": mutant.key, "path": mutant.path, "line": mutant.first, "outcome": outcome,
                         "tests": len(tests), "seconds": seconds, "diff": mutant.diff()})  # fmt: skip
            place = f"{mutant.path}:{mutant.first}"
            print(f"[{number}/{len(mutants)}] {outcome:8} {place} ({len(tests)} tests, {seconds} s)", file=sys.stderr)

        for future in [pool.submit(work, number, mutant) for number, mutant in enumerate(mutants, 1)]:
            future.result()


# ── reporting ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def changed_lines(diff: str) -> list[str]:
    """Return the lines of a diff that begin with + or -, without the indentation behind the sign."""
    return [line[0] + line[1:].strip() for line in diff.splitlines()[2:] if line[:1] in {"+", "-"}]


def reason_of(result: dict[str, Any], listed: list[dict[str, str]]) -> str:
    """Return why no test can notice this mutant, or nothing."""
    for one in listed:
        change = [f"-{line.strip()}" for line in one["before"].splitlines()]
        change += [f"+{line.strip()}" for line in one["after"].splitlines()]
        if one["path"] == result["path"] and change == changed_lines(result["diff"]):
            return one["reason"]
    return ""


def report(drawn: list[Mutant], results: Results, seeds: list[int]) -> bool:
    """Print the survivors with their diffs and a table of figures; return whether the marks are met."""
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", []) if EQUIVALENT.exists() else []
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for mutant in drawn:
        result = results.by_key.get(mutant.key)
        outcome = result["outcome"] if result else "not run"
        if result and outcome == "survived":
            if reason_of(result, listed):
                outcome = "equivalent"
            else:
                print(
                    f"{mutant.path}:{mutant.first} survived {result['tests']} tests ({mutant.key})\n{result['diff']}\n"
                )
        for room in (mutant.room, "all"):
            rows[room][outcome] += 1
            rows[room]["drawn"] += 1
    print(f"Seeds {', '.join(map(str, seeds))}:\n")
    print("| room | mutants | killed | stuck | survived | equivalent | killed, raw | without equivalent |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    marks = False
    for room in sorted(rows, key=lambda room: (room == "all", room)):
        row = rows[room]
        ran = row["drawn"] - row["not run"]
        dead = row["killed"] + row["stuck"]
        raw = dead / ran if ran else 0.0
        adjusted = dead / (ran - row["equivalent"]) if ran > row["equivalent"] else 0.0
        print(f"| {room} | {ran} | {row['killed']} | {row['stuck']} | {row['survived']} | {row['equivalent']} |"
              f" {raw:.1%} | {adjusted:.1%} |")  # fmt: skip
        marks = raw >= 0.90 and adjusted >= 0.95 and row["equivalent"] <= 0.08 * ran  # of the last row: all
    if rows["all"]["not run"]:
        print(f"\n{rows['all']['not run']} not run yet: start again to go on.")
    return marks and not rows["all"]["not run"]


def main() -> int:
    """Parse the arguments, measure, run, report; 0 when at least 90 % are killed, 95 % without the equivalent ones."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--seed", type=int, action="append", help="what orders the mutants (repeatable; default 1)")
    parser.add_argument("--count", type=int, default=150, help="mutants drawn per seed (default 150)")
    parser.add_argument("--room", action="append", choices=ROOMS, help="one room (repeatable; default all four)")
    parser.add_argument("--workers", type=int, default=2, help="mutants that run at once (default 2)")
    parser.add_argument("--minutes", type=float, default=240, help="start no mutant after that long (default 240)")
    parser.add_argument("--tests", action="append", default=[], help="tests to use instead of all (repeatable)")
    parser.add_argument("--again", action="store_true", help="run the survivors of earlier runs again")
    parser.add_argument("--report", action="store_true", help="run nothing, print the figures of earlier runs")
    options = parser.parse_args()
    seeds = options.seed or [1]
    os.chdir(ROOT)  # mutmut reads the pyproject.toml that it finds there
    STATE.mkdir(exist_ok=True)
    results = Results()
    everything = all_mutants(options.room or ROOMS)
    mutants = {mutant.key: mutant for seed in seeds for mutant in draw(everything, seed, options.count)}
    drawn = list(mutants.values())
    if not options.report:
        reach = Reach()
        reach.measure(options.workers, options.tests)
        done = {
            key for key, result in results.by_key.items() if not (options.again and result["outcome"] == "survived")
        }
        run([mutant for mutant in drawn if mutant.key not in done], reach, results, options.workers, options.minutes)
    return 0 if report(drawn, results, seeds) else 1


if __name__ == "__main__":
    sys.exit(main())
