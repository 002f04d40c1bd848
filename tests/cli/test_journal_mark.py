"""``acquirer journal mark``, while a host serves the store and afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquirer import cli
from acquirer.app.terminal import Terminal
from acquirer.testing import running_host


def test_an_exchange_is_marked_while_a_host_serves_and_afterwards(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = f"sqlite:///{tmp_path / 'host.db'}"

    def run(*words: str) -> tuple[int, str]:
        code = cli.run(["journal", *words, "--store", store])
        out, err = capsys.readouterr()
        return code, out + err

    with running_host(store=store) as host:
        with Terminal("10000161", host=host.address, state=tmp_path) as terminal:
            terminal.sign_on()
            terminal.sale("1.00", "standard", pin="123456")
        assert run("mark", "2", "flaky", "--comment", "6212345678901232 again") == (
            0, "#2: mark 'flaky'; 621234******1232 again\n",
        )  # fmt: skip
        assert host.journal.find(mark="flaky").id == 2
    code, text = run("list", "mark=flaky")
    assert (code, len(text.splitlines()), "[mark: flaky] [621234******1232 again]" in text) == (0, 1, True)
    assert run("mark", "2", "") == (0, "#2: no mark; 621234******1232 again\n")
    assert run("mark", "2", "--comment", "") == (0, "#2: no mark\n")
    assert run("list", "mark=?")[1].count("\n") <= 1
    code, text = run("mark", "9", "x")
    assert (code, "there is no exchange 9; 'acquirer journal list' shows the latest." in text) == (2, True)
    assert run("mark", "1")[0] == run("mark", "1", "x" * 41)[0] == run("mark", "1", "a\nb")[0] == 2
