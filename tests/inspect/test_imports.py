"""What reads messages and captures imports no library it does not need, and runs where POSIX modules are missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from acquirer.settings.specs import load_dialect

MESSAGE = load_dialect("unionpay-pos").samples[0].hex
HEAVY = {"cryptography", "pydantic", "twisted", "PIL", "structlog", "sqlalchemy", "dpkt", "asyncio", "sqlite3"}
ROOT = Path(__file__).parents[2]
ROOMS = ("data", "wire", "security", "dialect", "inspect", "signature")
HIDE = (
    "import sys, select\n"
    "for name in ('fcntl', 'resource', 'pwd', 'grp', 'termios'): sys.modules[name] = None\n"
    "for name in ('epoll', 'poll'): hasattr(select, name) and delattr(select, name)\n"
)


def run_python(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("command", ["decode", "doctor"])
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["table", "json"])
def test_a_message_is_read_without_heavy_libraries(tmp_path: Path, command: str, options: list[str]) -> None:
    path = tmp_path / "message.hex"
    path.write_text(MESSAGE)
    code = (
        "import sys\nfrom acquirer.cli import run\nassert run(sys.argv[1:]) == 0\n"
        "print('', *{name.partition('.')[0] for name in sys.modules}, sep='\\n')"
    )
    imported = set(run_python(code, command, str(path), *options).splitlines())
    assert not imported & HEAVY
    assert ("rich" in imported) == (not options), "tables are made with rich, JSON is not"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["decode", "doctor"])
def test_a_message_is_read_where_posix_modules_are_missing(tmp_path: Path, command: str) -> None:
    path = tmp_path / "message.hex"
    path.write_text(MESSAGE)
    code = HIDE + "from acquirer.cli import run\nassert run(sys.argv[1:]) == 0\n"
    assert "sign-on" in run_python(code, command, str(path))


def test_every_module_is_imported_where_posix_modules_are_missing() -> None:
    paths = [path.relative_to(ROOT) for room in ROOMS for path in sorted((ROOT / "acquirer" / room).rglob("*.py"))]
    names = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths]
    assert len(names) > 50
    run_python(HIDE + "import importlib\nfor name in sys.argv[1:]: importlib.import_module(name)\n", *names)
