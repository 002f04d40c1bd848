"""Signatures outside the store: as JSON, and as a folder of files that can be read back.

A signature is three files of one name, ``<tid>-<batch>-<stan>``: ``.json`` with everything that is known, ``.jbg`` with
the image exactly as received, ``.png`` for looking at. One that was replaced has its number in the name as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from acquirer.errors import ConfigurationError
from acquirer.host.signature_policy import Mode
from acquirer.model.rows import Flag, Signature, SlipElement, TransactionKey
from acquirer.process.picture_worker import decode_image
from acquirer.signature.slip_elements import CAPTURES
from acquirer.store.uploads import significant, with_picture

MOST_BYTES: Final = 1 << 20
"""A file of a folder that is read back: images have a kilobyte, descriptions some ten."""

_HEX: Final = re.compile("[0-9a-f]{64}")
_TEXTS: Final = ("dialect", "rrn", "settlement_date", "feature_code")


class FolderError(ConfigurationError):
    """A file that is damaged, or that no export wrote: one sentence that names it."""


@dataclass(frozen=True, slots=True)
class ExportedSignature:
    """One signature of a folder, as it was read back; `png` is drawn anew, never taken from the folder."""

    name: str
    signature: Signature
    stream: bytes
    png: bytes


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


def signature_of_json(stored: Mapping[str, Any]) -> Signature:
    """Return the signature that `signature_json` wrote.

    Raises:
        ValueError: something is missing, or is not what it should be; one phrase.
    """
    try:
        one = Signature(
            key=TransactionKey(*(_text(stored[name], 32) for name in TransactionKey._fields)),
            number=_number(stored["number"], 1),
            digest=_text(stored["digest"], 64),
            stream_bytes=_number(stored["bytes"]),
            parts=_number(stored["parts"], 1),
            at_us=_number(stored["at_us"]),
            amount_minor=None if stored["amount"] is None else _number(stored["amount"]),
            pan_masked=_text(stored["pan"], 32),
            captured=_text(stored["captured"], 16),
            slip=tuple(SlipElement(*(_text(e[name], 1024) for name in ("tag", "hex", "text"))) for e in stored["slip"]),
            flags=tuple(Flag(_text(f["flag"], 64), _text(f["why"], 1024)) for f in stored["findings"]),
            picture=stored["picture"],
            width=_number(stored["width"]),
            height=_number(stored["height"]),
            png=_text(stored["png"], 64),
            **{name: _text(stored[name], 64) for name in _TEXTS},
        )
    except KeyError as exc:
        raise ValueError(f"'{exc.args[0]}' is missing") from None
    except TypeError:
        raise ValueError("something is not of the kind it should be") from None
    if not _HEX.fullmatch(one.digest) or (one.png and not _HEX.fullmatch(one.png)):
        raise ValueError("a digest is no SHA-256")
    if one.captured not in ("", *CAPTURES) or one.picture not in ("waiting", "made", "none"):
        raise ValueError("'captured' or 'picture' has a value that no export writes")
    return one


def file_name(one: Signature, counts: bool) -> str:
    """Return the name of a signature's files; any terminal number gives a name that stays in its folder."""
    parts = [re.sub("[^0-9A-Za-z]", lambda found: f"_{ord(found[0]):02X}", part) for part in one.key[1:]]
    return "-".join(parts) + ("" if counts else f"-replaced{one.number}")


def export_signature(folder: Path, one: Signature, counts: bool, stream: bytes, png: bytes | None) -> Path:
    """Write a signature's files into a folder that exists; return the path of the description."""
    base = folder / file_name(one, counts)
    base.with_suffix(".jbg").write_bytes(stream)
    if png:
        base.with_suffix(".png").write_bytes(png)
    path = base.with_suffix(".json")
    path.write_text(json.dumps(signature_json(one, counts), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def read_folder(folder: Path) -> Iterator[ExportedSignature | FolderError]:
    """Yield the signatures of a folder by name, and an error in place of each one that is damaged."""
    for path in sorted(folder.glob("*.json")):
        try:
            yield _read(path)
        except FolderError as exc:
            yield exc


def _read(path: Path) -> ExportedSignature:
    try:
        stored = json.loads(_bytes(path).decode("utf-8"))
    except ValueError:
        raise FolderError(f"{path.name} is not JSON in UTF-8") from None
    if not isinstance(stored, dict):
        raise FolderError(f"{path.name} describes no signature")
    try:
        one = signature_of_json(stored)
    except ValueError as exc:
        raise FolderError(f"{path.name} describes no signature: {exc}") from None
    image = path.with_suffix(".jbg")
    stream = _bytes(image)
    if hashlib.sha256(stream).hexdigest() != one.digest:
        raise FolderError(f"{image.name} is not the image that {path.name} describes: its bytes were changed")
    if one.picture == "made":
        picture = path.with_suffix(".png")
        if hashlib.sha256(_bytes(picture)).hexdigest() != one.png:
            raise FolderError(f"{picture.name} is not the picture that {path.name} describes: its bytes were changed")
    drawn = decode_image(stream)
    if one.picture == "made" and drawn.png:  # another Pillow may pack the same dots otherwise
        one = replace(with_picture(one, drawn), flags=one.flags)
    return ExportedSignature(path.name, one, stream, drawn.png if one.picture == "made" else b"")


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as exc:
        raise FolderError(f"{path.name} cannot be read: {exc.strerror}") from None
    if len(data) > MOST_BYTES:
        raise FolderError(f"{path.name} has more than {MOST_BYTES} bytes: no export writes as many")
    return data


def _text(value: object, most: int) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise TypeError
    return value


def _number(value: object, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 1 << 62:
        raise TypeError
    return value
