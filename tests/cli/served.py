"""A host in a process of its own, as people start it, and what tests ask of it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from acquirer.settings.specs import load_dialect

DIALECT = load_dialect("unionpay-pos")
SIGN_ON = next(bytes.fromhex(s.hex) for s in DIALECT.samples if "sign-on request" in s.title)
START = [sys.executable, "-m", "acquirer", "serve", "--listen", "127.0.0.1:0"]

APPROVED = "SELECT count(*) FROM exchange JOIN exchange_form ON form = exchange_form.id WHERE code = '00'"
"""How many exchanges a store has that were approved."""


class Served:
    """A host in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], ready: str) -> None:
        self.process = process
        self.ready = ready

    def connect(self) -> socket.socket:
        host, _, port = json.loads(self.ready)["listen"].rpartition(":")
        return socket.create_connection((host, int(port)), timeout=120)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, list[dict[str, Any]]]:
        """Stop it; return its exit code and the lines of its log."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=120)
        return self.process.returncode, [json.loads(line) for line in err.splitlines() if line.startswith("{")]


def approved(sock: socket.socket) -> bool:
    """Return whether a sign-on was answered and approved."""
    try:
        sock.sendall(SIGN_ON)
        reply = sock.recv(4096)
    except ConnectionError:
        return False
    return bool(reply) and DIALECT.text(DIALECT.decode(reply[2:]), "code") == "00"


def child_of(process: subprocess.Popen[str], module: str) -> int:
    """Return the child of a process that runs a module."""
    for entry in Path("/proc").iterdir():
        try:
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            command = (entry / "cmdline").read_text()
        except OSError:  # none, or it has ended meanwhile
            continue
        if parent == str(process.pid) and module in command:
            return int(entry.name)
    raise AssertionError(f"no child runs {module}")
