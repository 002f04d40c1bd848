"""Downloads from a host that is killed: what the terminal has is whole, what it lacks is asked for again."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from acquirer.app.terminal import Terminal
from acquirer.cli import run
from acquirer.terminal.exchange import Exchange, Outcome
from acquirer.terminal.voucher import Voucher

if TYPE_CHECKING:
    from tests.cli.served import Served

TERMINALS = """
[[terminal]]
tid = "10000161"
mid = "880210010210162"
tmk = "258FB0AB70D025CDB99DF2C4D302D646"
downloads = ["parameters", "capk", "aid"]
"""


class Killer:
    """Kills the host before a service is asked for, for the so-many-th time."""

    def __init__(self, served: Served, service: str, count: int) -> None:
        self.served, self.service, self.left = served, service, count

    def began(self, exchange: Exchange) -> None:
        self.left -= exchange.service == self.service
        if not self.left and self.served.process.poll() is None:
            self.served.process.send_signal(signal.SIGKILL)
            self.served.process.wait()

    def ended(self, exchange: Exchange) -> None:
        """Nothing to do."""

    def printed(self, voucher: Voucher) -> None:
        """Nothing to do."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "count", "kept"),
    [("capk", 3, ("parameters",)), ("capk_end", 1, ("parameters",)), ("aid", 1, ("parameters", "capk"))],
)
def test_the_host_is_killed_in_the_middle(
    serve: Callable[..., Served], tmp_path: Path, service: str, count: int, kept: tuple[str, ...]
) -> None:
    (tmp_path / "terminals.toml").write_text(TERMINALS, encoding="utf-8")
    start = ("--store", f"sqlite:///{tmp_path}/host.db", "--terminals", "terminals.toml")
    first = serve(*start)
    state = tmp_path / "state"
    address = json.loads(first.ready)["listen"]
    watch = Killer(first, service, count)
    with Terminal(
        "10000161", host=address, terminals=tmp_path / "terminals.toml", state=state, watch=watch
    ) as terminal:
        result = terminal.sign_on()
        assert result.ok
        assert "not fetched" in result.sentence
        assert result.exchanges[-1].outcome in (Outcome.NOT_SENT, Outcome.NO_ANSWER)
        assert tuple(terminal.state.downloaded.fetched) == kept
    second = serve(*start)
    address = json.loads(second.ready)["listen"]
    with Terminal("10000161", host=address, terminals=tmp_path / "terminals.toml", state=state) as terminal:
        services = [one.service for one in terminal.echo().exchanges]
        assert services[1] == ("capk_query" if "capk" not in kept else "aid_query")
        assert "parameters" not in services  # its end had come, and the host has not forgotten that
        assert tuple(terminal.state.downloaded.fetched) == ("parameters", "capk", "aid")
    assert second.end()[0] == 0


class TestAsking:
    @pytest.fixture
    def store(self, tmp_path: Path) -> str:
        (tmp_path / "terminals.toml").write_text(TERMINALS, encoding="utf-8")
        url = f"sqlite:///{tmp_path}/host.db"
        assert run(["terminals", "import", str(tmp_path / "terminals.toml"), "--store", url]) == 0
        return url

    def shown(self, store: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
        capsys.readouterr()
        assert run(["terminals", "show", "10000161", "--store", store, "--json"]) == 0
        found: list[str] = json.loads(capsys.readouterr().out)["downloads"]
        return found

    def test_what_a_terminal_was_registered_to_download(self, store: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.shown(store, capsys) == ["parameters", "capk", "aid"]

    def test_another_list_in_its_place(self, store: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["terminals", "fetch", "10000161", "rates", "blacklist", "--store", store]) == 0
        assert self.shown(store, capsys) == ["blacklist", "rates"]
        assert run(["terminals", "fetch", "10000161", "none", "--store", store]) == 0
        assert self.shown(store, capsys) == []

    def test_registering_again_asks_for_what_is_new_only(
        self, store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["terminals", "fetch", "10000161", "none", "--store", store]) == 0
        file = tmp_path / "terminals.toml"
        assert run(["terminals", "import", str(file), "--store", store]) == 0
        assert self.shown(store, capsys) == []  # the same list: it was fetched, or taken back
        file.write_text(TERMINALS.replace('"aid"', '"rates"'), encoding="utf-8")
        assert run(["terminals", "import", str(file), "--store", store]) == 0
        assert self.shown(store, capsys) == ["parameters", "capk", "rates"]

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["10000161", "cpk"], "cpk: names 'cpk', which is no download; did you mean 'capk'?"),
            (["10000162", "capk"], "knows no terminal '10000162'"),
            (["10000161"], "name what it is to download, or none, or give --registered-tmk"),
        ],
    )
    def test_what_is_refused(
        self, store: str, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["terminals", "fetch", *words, "--store", store]) == 2
        assert sentence in capsys.readouterr().err

    def test_nothing_was_downloaded(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["terminal", "parameters", "--state", str(tmp_path)]) == 0
        assert capsys.readouterr().out == (
            "Terminal 10000161 has downloaded nothing; 'acquirer terminal download' does.\n"
        )
