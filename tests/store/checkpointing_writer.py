"""Run as the process that writes a store: after each group a checkpoint begins, so that one is mostly under way."""

from __future__ import annotations

from multiprocessing.connection import Connection

from acquirer.process import store_writer
from acquirer.store import checkpoints


def main(connection: Connection) -> None:
    checkpoints.CHECKPOINT_EXCHANGES = 1  # type: ignore[misc]
    checkpoints.FULL_LOG_PAGES = 200  # type: ignore[misc]
    store_writer.main(connection)
