"""Signatures in the database: how an upload is written, what is read for the next one, what a picture adds.

Nothing here is prepared in bulk as the rows of every exchange are: an upload is one exchange in many, and larger than
most.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from acquirer.data.types import Row
from acquirer.errors import StoreError
from acquirer.model.rows import (
    Picture,
    Signature,
    SignaturePart,
    SlipElement,
    Transaction,
    TransactionKey,
    Upload,
    Uploaded,
)
from acquirer.store import schema
from acquirer.store.schema import SIGNATURE, SIGNATURE_PART, sql_name
from acquirer.store.soundness import unpack_whole
from acquirer.store.statements import TRANSACTION_BY_KEY, added, having, query, replaced, select
from acquirer.store.transaction_rows import unpack_transaction

if TYPE_CHECKING:
    from acquirer.host.signature_policy import Mode
    from acquirer.model.effects import LoadSignatures
    from acquirer.model.evidence import Evidence

BATCHES_BACK: Final = 8
"""Batches before the one an upload names in which its sale is looked for: only to say in words where it is, so that a
week of one settlement a day will do."""

PICTURE_COLUMNS: Final = ("flags", "picture", "width", "height", "png")

_KEY: Final = having(*TransactionKey._fields)
_SIGNATURES: Final = added(schema.signature)  # a number that was given meanwhile is a conflict, and no error
_BLOBS: Final = replaced(schema.blob)
_PARTS: Final = replaced(schema.signature_part)
_DELETE_PART: Final = " ".join(
    ["DELETE FROM", sql_name(schema.signature_part.name), "WHERE", having(*schema.signature_part.key)]
)
_SIGNATURES_OF: Final = select(schema.signature, _KEY, order="number")
_PARTS_OF: Final = select(schema.signature_part, _KEY, order="part")
_DIGEST_OF: Final = query("digest", sql_name(schema.signature.name), [having(*schema.signature.key)])
_SET_PICTURE: Final = " ".join(
    [
        *("UPDATE", sql_name(schema.signature.name), "SET"),
        ", ".join([f"{sql_name(name)} = ?" for name in PICTURE_COLUMNS]),
        *("WHERE", having(*schema.signature.key)),
    ]
)
DELETE_OLD_PARTS: Final = " ".join(["DELETE FROM", sql_name(schema.signature_part.name), "WHERE at_us < ?"])


class Uploads:
    """Writes what uploads change, as `statements.Many` writes rows."""

    def write(self, cursor: sqlite3.Cursor, uploads: Sequence[Row]) -> int:
        """Write rows of `pack_upload`; return how many: one whose number was given meanwhile is not written."""
        return sum(_write(cursor, *upload) for upload in uploads)


UPLOADS: Final = Uploads()


def pack_upload(upload: Upload) -> Row:
    """Return what is written for an upload: parts to delete, the part, the signature, its image."""
    signature = upload.signature
    return (
        tuple((*upload.key, part) for part in upload.forget),
        None if upload.part is None else SIGNATURE_PART.pack(upload.part),
        None if signature is None else SIGNATURE.pack(signature),
        None if signature is None else (signature.digest, upload.stream),
    )


def _write(cursor: sqlite3.Cursor, done_with: Sequence[Row], part: Row | None, signature: Row | None, blob: Row) -> int:
    for key in done_with:
        cursor.execute(_DELETE_PART, key)
    if part is not None:
        _PARTS.write(cursor, [part])
    if signature is None:
        return 1
    _BLOBS.write(cursor, [blob])
    return _SIGNATURES.write(cursor, [signature])


def load_uploaded(connection: sqlite3.Connection, wanted: LoadSignatures, database: Path | None = None) -> Uploaded:
    """Return what is known of the signatures of one sale.

    Raises:
        StoreError: a row holds something that no host writes.
    """
    key = wanted.key
    signatures = [
        unpack_whole(_unpack_signature, row, schema.signature, database)
        for row in connection.execute(_SIGNATURES_OF, key)
    ]
    parts = [
        unpack_whole(_unpack_part, row, schema.signature_part, database) for row in connection.execute(_PARTS_OF, key)
    ]
    return Uploaded(tuple(signatures), tuple(parts), _elsewhere(connection, wanted, database))


def _elsewhere(connection: sqlite3.Connection, wanted: LoadSignatures, database: Path | None) -> Transaction | None:
    """Return a sale with the same STAN in the open batch or in one of the last before the named one.

    None where the named one exists.
    """
    key = wanted.key
    batches = [wanted.open_batch]
    if key.batch.isdecimal():
        batches += [f"{int(key.batch) - back:06}" for back in range(1, BATCHES_BACK + 1) if int(key.batch) > back]
    for batch in (key.batch, *batches):
        row = connection.execute(TRANSACTION_BY_KEY, key._replace(batch=batch)).fetchone()
        if row is not None:
            return None if batch == key.batch else unpack_whole(unpack_transaction, row, schema.transaction, database)
    return None


def _unpack_signature(row: Row) -> Signature:
    """Return the signature that a row holds.

    Raises:
        ValueError, TypeError: its slip or its flags are none.
    """
    one = SIGNATURE.unpack(row)
    _check_texts([text for flag in one.flags for text in (flag.name, flag.why)])
    _check_slip(one.slip)
    return one


def _unpack_part(row: Row) -> SignaturePart:
    """Return the part that a row holds. Raises ValueError and TypeError, as `_unpack_signature`."""
    one = SIGNATURE_PART.unpack(row)
    _check_slip(one.slip)
    return one


def _check_slip(slip: Sequence[SlipElement]) -> None:
    _check_texts([text for element in slip for text in (element.tag, element.hex, element.text)])


def _check_texts(texts: Sequence[str]) -> None:
    """Raise TypeError where one is no text, and ValueError where it cannot be written as UTF-8."""
    "".join(texts).encode()


def sound_signature(row: Row) -> Signature | None:
    """Return the signature that a row holds; None when it holds something that no host writes.

    SQLite keeps any kind of value in any column, and a file may have been changed by other programs.
    """
    try:
        return unpack_whole(_unpack_signature, row, schema.signature, None, any_time=True)
    except StoreError:
        return None


def name_of_row(row: Row) -> str:
    """Return which signature a row is of, as far as it can be read."""
    known = dict(zip(schema.signature.names, map(str, row), strict=True))
    return "terminal {tid}, batch {batch}, STAN {stan}, number {number}".format_map(known)


@dataclass(frozen=True, slots=True)
class RenderedSignature:
    """A signature whose image was decoded; `evidence` is what the journal says of it, if anything."""

    signature: Signature
    picture: Picture
    evidence: Evidence | None = None


def write_picture(cursor: sqlite3.Cursor, rendered: RenderedSignature) -> None:
    """Write what decoding a signature's image came to."""
    one = with_picture(rendered.signature, rendered.picture)
    if one.png:
        _BLOBS.write(cursor, [(one.png, rendered.picture.png)])
    row = dict(zip(schema.signature.names, SIGNATURE.pack(one), strict=True))
    cursor.execute(_SET_PICTURE, [row[name] for name in (*PICTURE_COLUMNS, *schema.signature.key)])


def significant(signature: Signature, picture: Picture, pixels: Mode) -> Picture:
    """Return a picture with those of its flags that mean something for this signature; `pixels`: how it is checked."""
    flags = [one for one in picture.flags if pixels != "off" or one.name == "undecodable"]
    if signature.parts > 1:  # that is what parts are for
        flags = [one for one in flags if one.name != "long-stream"]
    return replace(picture, flags=tuple(flags))


def with_picture(signature: Signature, picture: Picture) -> Signature:
    """Return a signature with its picture, and with the flags that its pixels add."""
    known = {flag.name for flag in signature.flags}
    return replace(
        signature,
        flags=(*signature.flags, *(flag for flag in picture.flags if flag.name not in known)),
        picture="made" if picture.png else "none",
        width=picture.width,
        height=picture.height,
        png=hashlib.sha256(picture.png).hexdigest() if picture.png else "",
    )


ImportOutcome = Literal["added", "known", "taken"]
"""What became of a signature: it is new, it was there already, or its number is that of another one, which stays."""


def import_signature(cursor: sqlite3.Cursor, one: Signature, stream: bytes, png: bytes) -> ImportOutcome:
    """Write a signature that was exported, unless there is one of its number."""
    if not _SIGNATURES.write(cursor, [SIGNATURE.pack(one)]):
        ((digest,),) = cursor.execute(_DIGEST_OF, (*one.key, one.number)).fetchall()
        return "known" if digest == one.digest else "taken"
    _BLOBS.write(cursor, [(one.digest, stream), *([(one.png, png)] if png else [])])
    return "added"
