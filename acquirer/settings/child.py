"""Processes of our own: one of this program's modules, run apart from the process that asks.

A child finds the same code as its parent, wherever that lies, and has a session of its own: Ctrl-C is for the host,
which then ends its children by closing their input.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import acquirer


def start(module: str, *arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
    """A process that calls ``main(*arguments)`` of `module`; `streams` are those of `subprocess.Popen`.

    Raises:
        OSError: it cannot be started.
    """
    code = str(Path(acquirer.__file__).parent.parent)
    path = os.pathsep.join(filter(None, [code, os.environ.get("PYTHONPATH")]))
    # Not -m: it would run a second copy of a module that its own package imports.
    run = f"import sys; from {module} import main; main(*sys.argv[1:])"
    return subprocess.Popen(  # noqa: S603  our own
        [sys.executable, "-c", run, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
        **streams,
    )
