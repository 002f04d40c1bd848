"""Signatures outside the store: as JSON, and as a folder of files that can be read back.

A signature is three files of one name, ``<tid>-<batch>-<stan>``: ``.json`` with everything that is known, ``.jbg`` with
the image exactly as received, ``.png`` for looking at. One that was replaced has its number in the name as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from acquirer.host.signature_policy import Mode
from acquirer.model.rows import Signature, TransactionKey
from acquirer.process.picture_worker import decode_image
from acquirer.settings.private_file import write_private
from acquirer.store import Reader
from acquirer.store.uploads import significant, with_picture


def counting_signatures(signatures: Iterable[Signature]) -> frozenset[tuple[TransactionKey, int]]:
    """Return which of several signatures count: of each transaction the last one."""
    last: dict[TransactionKey, int] = {}
    for one in signatures:
        last[one.key] = max(one.number, last.get(one.key, 0))
    return frozenset(last.items())


def with_its_picture(one: Signature, stream: bytes, pixels: Mode) -> tuple[Signature, bytes]:
    """Return a signature whose picture was not made yet as it is with its picture, and the PNG.

    `stream` is its image as received, `pixels` the check of pixels: as a host that serves the store would have it.
    """
    picture = significant(one, decode_image(stream), pixels)
    return with_picture(one, picture), picture.png


def signature_json(one: Signature, counts: bool) -> dict[str, Any]:
    """Return a signature for machines: amounts are integer minor units, numbers of the trade are strings."""
    return {
        **one.key._asdict(),
        "number": one.number,
        "counts": counts,
        "rrn": one.rrn,
        "amount": one.amount_minor,
        "pan": one.pan_masked,
        "captured": one.captured,
        "flags": [flag.name for flag in one.flags],
        "findings": [{"flag": flag.name, "why": flag.why} for flag in one.flags],
        "feature_code": one.feature_code,
        "settlement_date": one.settlement_date,
        "at_us": one.at_us,
        "dialect": one.dialect,
        "parts": one.parts,
        "bytes": one.stream_bytes,
        "digest": one.digest,
        "picture": one.picture,
        "width": one.width,
        "height": one.height,
        "png": one.png,
        "slip": [{"tag": e.tag, "hex": e.hex, "text": e.text} for e in one.slip],
    }


def file_name(one: Signature, counts: bool) -> str:
    """Return the name of a signature's files; any terminal number gives a name that stays in its folder."""
    return key_name(one.key) + ("" if counts else f"-replaced{one.number}")


def key_name(key: TransactionKey) -> str:
    """Return the name of a transaction's files."""
    return "-".join(re.sub("[^0-9A-Za-z]", lambda found: f"_{ord(found[0]):02X}", part) for part in key[1:])


def export_signature(folder: Path, one: Signature, counts: bool, stream: bytes, png: bytes | None) -> Path:
    """Write a signature's files into a folder that exists; return the path of the description."""
    base = folder / file_name(one, counts)
    write_private(base.with_suffix(".jbg"), stream)
    if png:
        write_private(base.with_suffix(".png"), png)
    path = base.with_suffix(".json")
    text = json.dumps(signature_json(one, counts), ensure_ascii=False, indent=2) + "\n"
    write_private(path, text.encode())
    return path


def stored_signature_of(reader: Reader, tid: str, stan: str, batch: str) -> Signature | None:
    """Return the signature that counts of the latest transaction that fits; None when it has none."""
    found = reader.signatures(tid, stan, batch)
    return max(found, key=lambda one: (one.at_us, one.number), default=None)
