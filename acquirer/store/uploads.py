"""Signatures in the database: how an upload is written, what is read for the next one, what a picture adds.

Nothing here is prepared in bulk as the hot statements are: an upload is one exchange in many, and larger than most.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import ColumnElement, Table, bindparam, delete, select, update
from sqlalchemy.dialects import sqlite

from acquirer.data.types import Row
from acquirer.model.evidence import Evidence
from acquirer.model.rows import (
    Flag,
    Picture,
    Session,
    Signature,
    SignaturePart,
    SlipElement,
    Transaction,
    TransactionKey,
    Upload,
    Uploaded,
)
from acquirer.store import schema
from acquirer.store.statements import TRANSACTION_BY_KEY, Many, compiled, replaced
from acquirer.store.tuples import transaction_of

BATCHES_BACK: Final = 8
"""Batches before the one an upload names in which its sale is looked for: only to say in words where it is, so that a
week of one settlement a day will do."""

PICTURE_COLUMNS: Final = ("flags", "picture", "width", "height", "png")


def _of(table: Table) -> list[ColumnElement[bool]]:
    return [table.c[name] == bindparam(f"wanted_{name}") for name in TransactionKey._fields]


_NEW: Final = Many(
    sqlite.insert(schema.signature)
    .values({column.name: bindparam(column.name) for column in schema.signature.c})
    .on_conflict_do_nothing(),  # so that a number somebody else gave is a conflict, and no error
    len(schema.signature.c),
)
_BLOBS: Final = replaced(schema.blob)
_PARTS: Final = replaced(schema.signature_part)
_FORGET: Final = compiled(
    delete(schema.signature_part).where(
        *_of(schema.signature_part), schema.signature_part.c.part == bindparam("wanted_part")
    )
)
_SIGNATURES_OF: Final = compiled(
    select(schema.signature).where(*_of(schema.signature)).order_by(schema.signature.c.number)
)
_PARTS_OF: Final = compiled(
    select(schema.signature_part).where(*_of(schema.signature_part)).order_by(schema.signature_part.c.part)
)
_PICTURED: Final = compiled(
    update(schema.signature)
    .values({name: bindparam(name) for name in PICTURE_COLUMNS})
    .where(*_of(schema.signature), schema.signature.c.number == bindparam("wanted_number"))
)
FORGET_PARTS: Final = compiled(delete(schema.signature_part).where(schema.signature_part.c.at_us < bindparam("before")))


class Uploads:
    """Writes what uploads change; as `statements.Many`, it returns how many it could write."""

    def write(self, cursor: sqlite3.Cursor, uploads: Sequence[Row]) -> int:
        """Write rows of `upload_row`; one whose number somebody else gave meanwhile is not written."""
        return sum(_written(cursor, *upload) for upload in uploads)


UPLOADS: Final = Uploads()


def upload_row(upload: Upload) -> Row:
    """What is written for an upload: which parts to forget, the part, the signature, its image."""
    return (
        tuple((*upload.key, part) for part in upload.forget),
        None if upload.part is None else part_row(upload.part),
        None if upload.signature is None else signature_row(upload.signature),
        None if upload.signature is None else (upload.signature.digest, upload.stream),
    )


def _written(cursor: sqlite3.Cursor, forget: Sequence[Row], part: Row | None, signature: Row | None, blob: Row) -> int:
    for key in forget:
        cursor.execute(_FORGET, key)
    if part is not None:
        _PARTS.write(cursor, [part])
    if signature is None:
        return 1
    _BLOBS.write(cursor, [blob])
    return _NEW.write(cursor, [signature])


def uploaded(
    connection: sqlite3.Connection, key: TransactionKey, session: Session, transaction: Transaction | None
) -> Uploaded:
    """What is known of the signatures of one sale."""
    signatures = tuple(map(signature_of, connection.execute(_SIGNATURES_OF, key)))
    parts = tuple(map(part_of, connection.execute(_PARTS_OF, key)))
    return Uploaded(signatures, parts, _elsewhere(connection, key, session) if transaction is None else None)


def _elsewhere(connection: sqlite3.Connection, key: TransactionKey, session: Session) -> Transaction | None:
    """A sale with the same STAN in the open batch, or in one of the last before the named one."""
    batches = [session.batch]
    if key.batch.isdecimal():
        batches += [f"{int(key.batch) - back:06}" for back in range(1, BATCHES_BACK + 1) if int(key.batch) > back]
    for batch in batches:
        row = connection.execute(TRANSACTION_BY_KEY, key._replace(batch=batch)).fetchone()
        if row is not None:
            return transaction_of(row)
    return None


@dataclass(frozen=True, slots=True)
class Developed:
    """A signature whose image was looked at; `evidence` is what the journal says of it, if anything."""

    signature: Signature
    picture: Picture
    evidence: Evidence | None = None


def keep_picture(cursor: sqlite3.Cursor, developed: Developed) -> None:
    """Write what decoding a signature's image came to."""
    one = with_picture(developed.signature, developed.picture)
    if one.png:
        _BLOBS.write(cursor, [(one.png, developed.picture.png)])
    cursor.execute(
        _PICTURED, (_flags_text(one.flags), one.picture, one.width, one.height, one.png, *one.key, one.number)
    )


def with_picture(signature: Signature, picture: Picture) -> Signature:
    """A signature with its picture, and with the flags that its pixels add."""
    known = {flag.name for flag in signature.flags}
    return replace(
        signature,
        flags=(*signature.flags, *(flag for flag in picture.flags if flag.name not in known)),
        picture="made" if picture.png else "none",
        width=picture.width,
        height=picture.height,
        png=hashlib.sha256(picture.png).hexdigest() if picture.png else "",
    )


def import_signature(cursor: sqlite3.Cursor, one: Signature, stream: bytes, png: bytes) -> bool:
    """Write a signature that was exported; False when its number is taken, which then stays as it is."""
    if not _NEW.write(cursor, [signature_row(one)]):
        return False
    _BLOBS.write(cursor, [(one.digest, stream), *([(one.png, png)] if png else [])])
    return True


def signature_row(one: Signature) -> Row:
    """What is written for a signature."""
    return (
        *one.key,
        one.number,
        one.digest,
        one.stream_bytes,
        one.parts,
        one.at_us,
        one.dialect,
        one.amount_minor,
        one.pan_masked,
        one.rrn,
        one.settlement_date,
        one.feature_code,
        one.captured,
        _slip_text(one.slip),
        _flags_text(one.flags),
        one.picture,
        one.width,
        one.height,
        one.png,
    )


def signature_of(row: Row) -> Signature:
    """The signature a row of `schema.signature` holds."""
    values: Row = (*row[4:16], _slip_of(row[16]), tuple(Flag(*flag) for flag in json.loads(row[17])), *row[18:])
    return Signature(TransactionKey(*row[:4]), *values)


def part_row(one: SignaturePart) -> Row:
    """What is written for a part."""
    return (*one.key, one.part, int(one.last), one.stream, one.at_us, _slip_text(one.slip))


def part_of(row: Row) -> SignaturePart:
    """The part a row of `schema.signature_part` holds."""
    return SignaturePart(TransactionKey(*row[:4]), row[4], bool(row[5]), row[6], row[7], _slip_of(row[8]))


def _slip_text(slip: tuple[SlipElement, ...]) -> str:
    return _json([[one.tag, one.hex, one.text] for one in slip])


def _slip_of(text: str) -> tuple[SlipElement, ...]:
    return tuple(SlipElement(*one) for one in json.loads(text))


def _flags_text(flags: tuple[Flag, ...]) -> str:
    return _json([[flag.name, flag.why] for flag in flags])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
