"""Which kinds exist: files of the package, and entry points of other distributions."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from acquirer.scenario import faults as package
from acquirer.scenario.faults import Faults, Stage, parse
from acquirer.scenario.parameters import parameters_of
from acquirer.scenario.registry import CONDITIONS, FaultKindError, built_in_names, find_kind, known_names

RUBBISH = '''
from dataclasses import dataclass
from typing import ClassVar
from acquirer.model.effects import Close, Send, SendBytes
from acquirer.scenario.faults import FaultKind, Stage

@dataclass(frozen=True, slots=True)
class Rubbish(FaultKind):
    """Send other bytes than the reply, then close.

    Args:
        hex: What is sent.
    """

    stage: ClassVar[Stage] = Stage.{stage}

    hex: bytes = b"?"

    def apply(self, effects, context):
        for effect in effects:
            if isinstance(effect, Send):
                yield SendBytes(self.hex)
                yield Close(f"fault {{context.fault}}")
'''


def rubbish(stage: str = "FRAME") -> str:
    return RUBBISH.format(stage=stage)


def test_built_in_kinds_are_the_files_of_the_package():
    files = sorted(path.stem for path in Path(package.__file__).parent.glob("*.py") if path.stem != "__init__")
    assert list(built_in_names()) == files
    assert set(files) >= {"late", "lost_request", "silent"}
    assert known_names() == built_in_names()


@pytest.mark.parametrize("name", built_in_names())
def test_every_built_in_kind_is_described(name):
    entry = find_kind(name)
    assert entry.description
    assert entry.parameters == parameters_of(entry.type)
    assert all(parameter.help.endswith(".") for parameter in entry.parameters)
    assert not {parameter.name for parameter in entry.parameters} & set(CONDITIONS)


def test_a_new_file_is_a_new_kind(tmp_path, monkeypatch):
    before = built_in_names()
    (tmp_path / "rubbish.py").write_text(rubbish())
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    try:
        assert built_in_names() == tuple(sorted((*before, "rubbish")))
        assert repr(parse("rubbish:hex=0A").kind) == r"Rubbish(hex=b'\n')"
    finally:
        sys.modules.pop("acquirer.scenario.faults.rubbish", None)


def test_another_distribution_adds_a_kind(distribution, sale):
    distribution("acme-faults", {"rubbish": "acme_rubbish:Rubbish"}, acme_rubbish=rubbish())
    assert known_names() == tuple(sorted((*built_in_names(), "rubbish")))
    fault = parse("rubbish:hex=00FF,name=noise")
    assert fault.stage is Stage.FRAME
    faults = Faults([fault])
    assert faults.active is not None
    assert faults.active.reserve(Stage.FRAME, sale) == (fault,)


def test_a_file_of_the_package_goes_before_an_entry_point(distribution):
    distribution("acme-faults", {"silent": "acme_missing:Silent"})
    assert find_kind("silent").type.__module__ == "acquirer.scenario.faults.silent"


def test_entry_points_are_not_read_for_built_in_kinds(monkeypatch):
    def entry_points(**_parameters: str):
        raise AssertionError("read")

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    for name in built_in_names():
        find_kind(name)


BROKEN = {
    "cannot be imported": (
        "acme_missing:Rubbish",
        "",
        "cannot be loaded from acme_missing:Rubbish (ModuleNotFoundError: No module named 'acme_missing'); "
        "repair or uninstall it",
    ),
    "fails while it is imported": (
        "acme_bad:Rubbish",
        "1 / 0",
        "cannot be loaded from acme_bad:Rubbish (ZeroDivisionError: division by zero); repair or uninstall it",
    ),
    "lacks the class": (
        "acme_bad:Rubbish",
        "",
        "cannot be loaded from acme_bad:Rubbish (AttributeError: module 'acme_bad' has no attribute 'Rubbish'); "
        "repair or uninstall it",
    ),
    "is not a class": (
        "acme_bad:Rubbish",
        "Rubbish = 5",
        "is not a class derived from acquirer.scenario.faults.FaultKind",
    ),
    "is another class": (
        "acme_bad:Rubbish",
        "class Rubbish: pass",
        "is not a class derived from acquirer.scenario.faults.FaultKind",
    ),
    "is abstract": (
        "acme_bad:Rubbish",
        rubbish().replace("    def apply", "    def applied"),
        "cannot be used: Rubbish has no method apply",
    ),
    "is not a dataclass": (
        "acme_bad:Rubbish",
        rubbish().replace("@dataclass(frozen=True, slots=True)", ""),
        "cannot be used: Rubbish is not a dataclass; write @dataclass(frozen=True, slots=True) above it",
    ),
    "has no stage": (
        "acme_bad:Rubbish",
        rubbish().replace("stage: ClassVar[Stage] = Stage.FRAME", ""),
        "cannot be used: Rubbish.stage is not set; write stage: ClassVar[Stage] = Stage.SENDING, or another one",
    ),
    "acts at a stage that has another base class": (
        "acme_bad:Rubbish",
        rubbish("LINE"),
        "cannot be used: Rubbish.stage is 'line'; derive it from acquirer.scenario.line_fault.LineFault",
    ),
    "has a parameter called like a condition": (
        "acme_bad:Rubbish",
        rubbish().replace("hex", "tid"),
        "cannot be used: Rubbish has a parameter 'tid', which is a key of every fault; rename it",
    ),
    "has a parameter that is not described": (
        "acme_bad:Rubbish",
        rubbish().replace("        hex:", "        text:"),
        "cannot be used: Rubbish.hex: is not described; add it under Args: in the docstring of Rubbish",
    ),
    "has a parameter of a type that cannot be written": (
        "acme_bad:Rubbish",
        rubbish().replace("hex: bytes", "hex: set"),
        "cannot be used: Rubbish.hex: a parameter cannot be of type <class 'set'>; use int, float, str, bool, bytes, "
        "a Literal of texts, or one of acquirer.scenario.parameters",
    ),
    "has an annotation that does not exist": (
        "acme_bad:Rubbish",
        "from __future__ import annotations\n" + rubbish().replace("hex: bytes", "hex: Bytes"),
        "cannot be used: name 'Bytes' is not defined",
    ),
}


@pytest.mark.parametrize(("value", "source", "sentence"), BROKEN.values(), ids=BROKEN)
def test_a_broken_entry_point_is_one_sentence(distribution, value, source, sentence):
    distribution("acme-faults", {"rubbish": value}, acme_bad=source)
    with pytest.raises(FaultKindError) as caught:
        find_kind("rubbish")
    assert str(caught.value) == f"kind 'rubbish' of distribution 'acme-faults' {sentence}"
    with pytest.raises(ValueError, match="^" + re.escape(f"fault 'rubbish': kind: {caught.value}") + "$"):
        parse("rubbish")


def test_two_distributions_with_one_kind_are_refused(distribution):
    distribution("acme-faults", {"rubbish": "acme_a:Rubbish"}, acme_a=rubbish())
    distribution("other-faults", {"rubbish": "acme_b:Rubbish"}, acme_b=rubbish())
    with pytest.raises(FaultKindError) as caught:
        find_kind("rubbish")
    assert str(caught.value) == (
        "kind 'rubbish' is defined by distribution 'acme-faults' and distribution 'other-faults'; uninstall all but one"
    )


@pytest.mark.parametrize(("source", "count"), [("", 0), (rubbish() + rubbish().replace("Rubbish", "Other"), 2)])
def test_a_file_of_the_package_defines_one_kind(tmp_path, monkeypatch, source, count):
    (tmp_path / "rubbish.py").write_text(source)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    try:
        with pytest.raises(FaultKindError, match=f"defines {count} classes derived from FaultKind; it needs one"):
            find_kind("rubbish")
    finally:
        sys.modules.pop("acquirer.scenario.faults.rubbish", None)


def test_a_host_without_faults_imports_no_kind():
    code = (
        "import sys, acquirer.scenario.faults as f; print([m for m in sys.modules if m.startswith(f.__name__ + '.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
