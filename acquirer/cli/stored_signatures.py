"""What commands on signatures share: finding them in a store, and making the pictures that no host has made yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acquirer.cli.errors import Code, Exit
from acquirer.cli.stores import warn
from acquirer.cli.streams import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from acquirer.host.signature_policy import Mode
    from acquirer.model.rows import Signature
    from acquirer.settings.config import Config
    from acquirer.store import Reader
    from acquirer.store.uploads import ImportOutcome

NAMED_MAX = 20
"""Damaged signatures or files that are named one by one; of more their number is printed."""


def find_signatures(reader: Reader, tid: str, everything: bool) -> list[tuple[Signature, bool]]:
    """Return signatures, each with whether it counts; those that do not only with `everything`."""
    from acquirer.app.signatures import counting_signatures

    signatures = reader.signatures(tid)
    last = counting_signatures(signatures)
    found = [(one, (one.key, one.number) in last) for one in signatures]
    return [(one, counts) for one, counts in found if counts or everything]


def with_picture_and_image(
    reader: Reader, one: Signature, config: Config
) -> tuple[Signature, bytes | None, bytes | None]:
    """Return a signature with its image and its PNG; a picture that waits for a host to make it is made here.

    Nothing is written: the store may be served. The image is None where the store does not have it.
    """
    from acquirer.app.signatures import with_its_picture

    stream = reader.blob(one.digest)
    if stream is None or one.picture != "waiting":
        return one, stream, reader.blob(one.png) if one.png else None
    one, png = with_its_picture(one, stream, pixel_check(config))
    return one, stream, png or None


def pixel_check(config: Config) -> Mode:
    """Return how a host with these settings checks pixels. Raises Exit."""
    from acquirer.host.signature_policy import parse_checks

    try:
        return parse_checks(config.signature_check).pixels
    except ValueError as exc:
        raise Exit(Code.USAGE, f"--signature-check: {exc}.") from None


def warn_of_damaged(reader: Reader, tid: str) -> int:
    """Print which signatures are left out because their rows cannot be read; return how many."""
    from acquirer.data.text import printable

    names = reader.damaged_signatures(tid)
    for name in names[:NAMED_MAX]:
        warn(f"the signature of {printable(name)} is damaged in the store: left out")
    if (more := len(names) - NAMED_MAX) > 0:
        warn(f"{more} more signatures are damaged in the store: left out")
    return len(names)


class ReadingFolder:
    """A folder that is imported: its damaged files are named as they are met, the rest is counted at the end.

    Args:
        usual_dialect: whose slip elements those of an unknown dialect are.
        served: whether a host that serves the store is given them, and draws their pictures.
    """

    def __init__(self, folder: Path, usual_dialect: str, *, served: bool) -> None:
        import time

        from acquirer.app.signature_folder import DRAWING_S, SignatureFolder
        from acquirer.app.signature_import import slip_tags_of

        drawing_s = 0.0 if served else DRAWING_S
        self._folder = SignatureFolder(folder, slip_tags_of(usual_dialect), time.monotonic, drawing_s)
        self._names: list[str] = []
        self._damaged = 0

    def signatures(self) -> Iterator[tuple[Signature, bytes, bytes]]:
        """Yield what is whole, each with its image and its PNG."""
        for one in self._folder.signatures():
            if isinstance(one, Exception):
                self._complain(str(one))
            else:
                self._names.append(one.name)
                yield one.signature, one.stream, one.png

    def report(self, outcomes: list[ImportOutcome]) -> int:
        """Print what became of each signature; return the exit code."""
        for name, outcome in zip(self._names, outcomes, strict=True):
            if outcome == "taken":
                self._complain(f"{name}: the store has another signature of this number; it stays")
        if (more := self._damaged - NAMED_MAX) > 0:
            say(f"{more} more files were not imported.")
        if self._folder.undrawn:
            say(f"{self._folder.undrawn} pictures are left to the host that serves the store.")
        added, known = outcomes.count("added"), outcomes.count("known")
        print(f"{added} imported, {known} known already, {self._damaged} not imported")
        return Code.UNDECODABLE if self._damaged else Code.OK

    def _complain(self, text: str) -> None:
        self._damaged += 1
        if self._damaged <= NAMED_MAX:
            say(f"{text}.")


def name_of_signature(one: Signature) -> str:
    from acquirer.data.text import printable

    return printable(f"terminal {one.key.tid}, batch {one.key.batch}, STAN {one.key.stan}")
