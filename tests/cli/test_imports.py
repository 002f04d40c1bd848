"""Commands that read a store start at once: what takes long to import, they do not import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from acquirer.security.vault import Vault
from acquirer.settings.terminals import demo_terminals
from acquirer.store import open_store

HEAVY = ("sqlalchemy", "alembic", "pydantic", "cryptography", "twisted", "structlog", "iso8583", "PIL", "asyncio")

RUNNER = """
import json, sys
from acquirer import cli
code = cli.run(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


@pytest.fixture(params=["this version", "version 0.1"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store of this version, and one that was not upgraded yet."""
    database = tmp_path / "acquirer.db"
    if request.param == "version 0.1":
        database.write_bytes((Path(__file__).parents[1] / "v01" / "store" / "acquirer.db").read_bytes())
    else:
        store = open_store(f"sqlite:///{database}")
        store.register(demo_terminals(), Vault(store.master_key))
        store.close()
    return f"sqlite:///{database}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("journal", "list"),
        ("journal", "list", "--json"),
        ("journal", "show", "1"),
        ("terminals", "list"),
        ("terminals", "list", "--json"),
        ("terminals", "show", "10000001"),
    ],
    ids=" ".join,
)
def test_a_command_that_reads_imports_nothing_heavy(words: tuple[str, ...], url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, *words, "--store", url],
        env={name: value for name, value in os.environ.items() if not name.startswith("ACQUIRER_")},
        text=True,
        capture_output=True,
        timeout=60,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code in (0, 2)  # in a store without exchanges there is none to show
    loaded = {name.partition(".")[0] for name in modules}
    assert loaded & set(HEAVY) == set()
    assert not [name for name in modules if name.startswith(("acquirer.dialect", "acquirer.security", "acquirer.host"))]
