"""What commands on a store share: which one is meant, opening it, and one sentence when it cannot be opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from acquirer.cli.errors import Code, Exit
from acquirer.cli.streams import say
from acquirer.data.moments import with_times as with_times

if TYPE_CHECKING:
    from acquirer.settings.config import Config
    from acquirer.store import Reader, Store

StoreOption: Any = typer.Option(
    None, "--store", metavar="URL", help="sqlite:///relative.db or sqlite:////absolute.db; as 'acquirer serve' has it."
)
JsonOption: Any = typer.Option(False, "--json", help="One JSON object per line.")
ObjectOption: Any = typer.Option(False, "--json", help="One JSON object.")
ArrayOption: Any = typer.Option(False, "--json", help="One JSON array.")


def settings(store: str | None, **more: Any) -> Config:
    """Return the settings that flags, the environment and acquirer.toml make together."""
    from acquirer.settings.config import load_config

    return load_config({"store": store, **more})


@contextmanager
def reading(url: str) -> Iterator[Reader]:
    """Open a reader of a store: also while a host serves it, and after one was killed."""
    from acquirer.store import StoreError, open_reader

    try:
        with open_reader(url) as reader:
            yield reader
    except StoreError as exc:
        raise _end(exc) from None


@contextmanager
def writing(url: str) -> Iterator[Store]:
    """Open a store to change it: no other process may hold it. For what a host does itself, where it has HTTP."""
    from acquirer.store import StoreError, StoreInUseError, open_store, readable_by_others

    if url == "memory:":
        raise Exit(Code.USAGE, "A memory: store ends with its process: name the sqlite: store to write to.")
    try:
        store = open_store(url)
    except StoreInUseError as exc:
        raise Exit(Code.USAGE, f"{exc}; a host that was started with --http does this itself.") from None
    except StoreError as exc:
        raise _end(exc) from None
    if loose := readable_by_others(url):
        warn(loose)
    try:
        yield store
    except StoreError as exc:
        raise _end(exc) from None
    finally:
        store.close()


@contextmanager
def store_problems() -> Iterator[None]:
    """End with a sentence when a store cannot be used."""
    from acquirer.store import StoreError

    try:
        yield
    except StoreError as exc:
        raise _end(exc) from None


def clock_time(at_us: int, timezone: str) -> str:
    """Return a moment as people in the host's time zone write it; "" for never, the number where it is no moment."""
    from acquirer.data.text import local_time

    return local_time(at_us, ZoneInfo(timezone))


def warn(text: str) -> None:
    """Print a sentence about what is unwise, on stderr."""
    say(f"Warning: {text}.")


def sentence(exc: Exception) -> str:
    """Return an error as a sentence; it may begin with a file's name, which is never written in another way."""
    return f"{exc}."


def _end(exc: Exception) -> Exit:
    return Exit(Code.USAGE, sentence(exc))
