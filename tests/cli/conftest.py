"""Hosts in processes of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.cli.served import START, Served


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """``serve("--store", "memory:")``: a host that is ready, in an empty directory."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ACQUIRER_")}
    with ExitStack() as stack:

        def start(*arguments: str, json_: bool = True, **options: Any) -> Served:
            command = [*START, *arguments, *(["--json"] if json_ else [])]
            pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
            process = subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, **pipes)
            stack.callback(lambda: [pipe.close() for pipe in (process.stdout, process.stderr) if pipe])
            stack.callback(process.wait)
            stack.callback(process.kill)
            assert process.stdout
            return Served(process, process.stdout.readline())

        yield start
