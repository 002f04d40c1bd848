"""What a terminal downloads, the same for a blocking and an asyncio terminal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Generic

from acquirer.app.further_transactions import Answered
from acquirer.app.terminal_core import TerminalCore
from acquirer.data.toml import did_you_mean
from acquirer.downloads.kinds import ORDER, Download
from acquirer.terminal.download import download
from acquirer.terminal.effects import Program
from acquirer.terminal.exchange import Result
from acquirer.terminal.fetch_master_key import download_master_key

MASTER_KEY = "tmk"


class DownloadOperations(ABC, Generic[Answered]):
    """Operations that fetch what steers a terminal; what was fetched stands in its state, `State.downloaded`."""

    _core: TerminalCore

    def download(self, kinds: str | Iterable[str] = "all") -> Answered:
        """Download kinds, given as a list or as one text: ``parameters``, ``capk``, ``aid``, ``contactless``, ``bins``,
        ``blacklist``, ``rates``, or all of them. ``status`` is uploaded, ``software`` asked for; ``tmk`` is a new
        master key, by itself.

        Each kind is kept once it was fetched to its end; a CA public key whose check value is wrong is not kept.

        Raises:
            LookupError: the dialect has no downloads.
            ValueError: there is no such kind.
        """
        words = kinds.replace(",", " ").split() if isinstance(kinds, str) else list(kinds)
        if words == [MASTER_KEY]:
            return self._run(download_master_key(self._core.machine))
        chosen = [] if words == ["all"] else [download_kind(one) for one in words]
        return self._run(download(self._core.machine, chosen))

    @abstractmethod
    def _run(self, program: Program[Result]) -> Answered:
        """Run a program to its end."""


def download_kind(word: str) -> Download:
    """Return a kind of downloads by the word that people use.

    Raises:
        ValueError: there is none; "all" and the master key go by themselves.
    """
    for kind in ORDER:
        if kind == word:
            return kind
    if word in ("all", MASTER_KEY):
        raise ValueError(f"'{word}' goes by itself")
    hint = did_you_mean(word, ORDER) or f"; there are all, {', '.join(ORDER)}, {MASTER_KEY}"
    raise ValueError(f"'{word}' is no download{hint}")
