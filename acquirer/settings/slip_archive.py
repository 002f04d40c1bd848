"""The slips that a terminal keeps to print them again: in memory, or one small file each beside its state.

``<tid>.slips/<batch>-<stan>.json`` is a voucher as the state has it, its secrets sealed under the same key file. It is
written once the state that has the slip is durable, so that a slip without a transaction is never there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote, unquote

from acquirer.data.json_text import parse_json
from acquirer.data.types import Randbytes
from acquirer.security.vault import Vault
from acquirer.settings.private_file import write_private
from acquirer.terminal.voucher import Voucher, dump, load

KEPT_SLIPS: Final = 1000
"""As many as a batch may have transactions; the oldest are forgotten."""

KEPT_IN_MEMORY: Final = 100
"""For terminals without a folder: a process may play thousands of them."""

LARGEST_BYTES: Final = 1 << 16
"""Of one file: a slip with a signature of 999 bytes has seven thousand."""


class SlipArchive(Protocol):
    """Slips that can be printed again."""

    def keep(self, voucher: Voucher) -> None:
        """Keep a slip, in place of an earlier form of it."""

    def keep_missing(self, vouchers: Iterable[Voucher]) -> None:
        """Keep those that are not there: the power may have failed before they were."""

    def find(self, stan: str, batch: str = "") -> Voucher | None:
        """Return the latest slip of a STAN; None without one."""

    def all(self) -> list[Voucher]:
        """Return all slips, oldest first."""

    def clear(self) -> None:
        """Forget all."""


class SlipMemory:
    """Slips in memory."""

    def __init__(self) -> None:
        self._slips: dict[tuple[str, str], Voucher] = {}

    def keep(self, voucher: Voucher) -> None:
        """Keep a slip, in place of an earlier form of it."""
        self._slips[voucher.key] = voucher
        if len(self._slips) > KEPT_IN_MEMORY:
            del self._slips[next(iter(self._slips))]

    def keep_missing(self, vouchers: Iterable[Voucher]) -> None:
        """Keep those that are not there."""
        for voucher in vouchers:
            if voucher.key not in self._slips:
                self.keep(voucher)

    def find(self, stan: str, batch: str = "") -> Voucher | None:
        """Return the latest slip of a STAN; None without one."""
        return _latest(self.all(), stan, batch)

    def all(self) -> list[Voucher]:
        """Return all slips, oldest first."""
        return list(self._slips.values())

    def clear(self) -> None:
        """Forget all."""
        self._slips.clear()


class SlipFolder:
    """Slips in files; what cannot be read is left out and named in `damaged`.

    Args:
        folder: of the terminal's state.
    """

    def __init__(self, folder: Path, tid: str, vault: Vault, randbytes: Randbytes) -> None:
        self.folder = folder / f"{quote(tid, safe=' ')}.slips"
        self.damaged: list[str] = []
        self._tid, self._vault, self._randbytes = tid, vault, randbytes
        self._written: dict[tuple[str, str], Voucher] = {}

    def keep(self, voucher: Voucher) -> None:
        """Keep a slip, in place of an earlier form of it; the oldest of too many are removed."""
        known = self._written.get(voucher.key)
        if known is voucher or known == voucher:
            return
        self.folder.mkdir(0o700, parents=True, exist_ok=True)
        path = self._path(voucher.key)
        fresh = path.with_suffix(".new")
        document = dump(voucher, self._tid, self._vault, self._randbytes)
        write_private(fresh, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())
        fresh.replace(path)
        self._written = {voucher.key: voucher}
        files = self._files()
        for old in files[: max(0, len(files) - KEPT_SLIPS)]:
            old.unlink(missing_ok=True)

    def keep_missing(self, vouchers: Iterable[Voucher]) -> None:
        """Keep those that are not there: the power may have failed before they were."""
        for voucher in vouchers:
            if not self._path(voucher.key).exists():
                self.keep(voucher)

    def find(self, stan: str, batch: str = "") -> Voucher | None:
        """Return the latest slip of a STAN; None without one."""
        return _latest(self._read(stan), stan, batch)

    def all(self) -> list[Voucher]:
        """Return all slips, oldest first."""
        return self._read()

    def clear(self) -> None:
        """Forget all."""
        self._written.clear()
        for path in self._files():
            path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        """Return all files, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(self.folder.glob("*.json"), key=lambda path: (path.stat().st_mtime_ns, path.name))

    def _read(self, stan: str = "") -> list[Voucher]:
        self.damaged = []
        found = []
        for path in self._files():
            if stan and unquote(path.stem.rpartition("-")[2]) != stan:
                continue
            try:
                if not path.is_file() or path.stat().st_size > LARGEST_BYTES:
                    raise ValueError("it is no slip")
                found.append(load(parse_json(path.read_bytes()), self._tid, self._vault))
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                self.damaged.append(path.name)
        return found

    def _path(self, key: tuple[str, str]) -> Path:
        return self.folder / f"{'-'.join(quote(part, safe='') for part in key)}.json"


def _latest(vouchers: list[Voucher], stan: str, batch: str) -> Voucher | None:
    wanted = (one for one in reversed(vouchers) if one.receipt.stan == stan and batch in ("", one.receipt.batch))
    return next(wanted, None)
