"""What commands on signatures share: finding them in a store, and making the pictures that no host has made yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acquirer.cli.errors import Code, Exit
from acquirer.cli.stores import warn

if TYPE_CHECKING:
    from acquirer.model.rows import Signature
    from acquirer.settings.config import Config
    from acquirer.store import Reader

NAMED_MAX = 20
"""Damaged signatures or files that are named one by one; of more their number is printed."""


def signature_of(reader: Reader, tid: str, stan: str, batch: str) -> Signature | None:
    """Return the signature that counts of the latest transaction that fits; None when it has none."""
    found = reader.signatures(tid, stan, batch)
    return max(found, key=lambda one: (one.at_us, one.number), default=None)


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
    from acquirer.host.signature_policy import parse_checks

    stream = reader.blob(one.digest)
    if stream is None or one.picture != "waiting":
        return one, stream, reader.blob(one.png) if one.png else None
    try:
        pixels = parse_checks(config.signature_check).pixels
    except ValueError as exc:
        raise Exit(Code.USAGE, f"--signature-check: {exc}.") from None
    one, png = with_its_picture(one, stream, pixels)
    return one, stream, png or None


def warn_of_damaged(reader: Reader, tid: str) -> int:
    """Print which signatures are left out because their rows cannot be read; return how many."""
    from acquirer.data.text import printable

    names = reader.damaged_signatures(tid)
    for name in names[:NAMED_MAX]:
        warn(f"the signature of {printable(name)} is damaged in the store: left out")
    if (more := len(names) - NAMED_MAX) > 0:
        warn(f"{more} more signatures are damaged in the store: left out")
    return len(names)


def name_of_signature(one: Signature) -> str:
    from acquirer.data.text import printable

    return printable(f"terminal {one.key.tid}, batch {one.key.batch}, STAN {one.key.stan}")
