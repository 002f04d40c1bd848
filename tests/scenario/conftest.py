"""An exchange to try faults on, and distributions that add kinds."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from acquirer.scenario.faults import FaultContext
from acquirer.settings.specs import load_dialect

Distribution = Callable[..., Path]


@pytest.fixture
def sale() -> FaultContext:
    """An approved sale of 13.13."""
    return FaultContext(
        tid="10000161",
        mid="880210010210162",
        service="sale",
        code="00",
        amount_minor=1313,
        randbytes=Random(1).randbytes,
        dialect=load_dialect("unionpay-pos"),
    )


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Distribution]:
    """``distribution("acme-faults", {"garbage": "acme:Garbage"}, acme="…")``: installed for the time of a test."""
    modules: list[str] = []

    def install(name: str, points: dict[str, str], **sources: str) -> Path:
        place = tmp_path / name
        info = place / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = (f"{kind} = {value}\n" for kind, value in points.items())
        (info / "entry_points.txt").write_text("[acquirer.faults]\n" + "".join(lines))
        for module, source in sources.items():
            (place / f"{module}.py").write_text(source)
            modules.append(module)
        monkeypatch.syspath_prepend(str(place))
        importlib.invalidate_caches()
        return place

    yield install
    for module in modules:
        sys.modules.pop(module, None)
