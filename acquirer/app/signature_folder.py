"""A folder of exported signatures, read back: what stands in it may come from anywhere.

1. Only regular files are opened, never what a name points to: no link, pipe, socket or device.
2. Everything is bounded: files in the folder, bytes of each and of all, depth and numbers of a description.
3. A signature is read whole or not at all; one sentence names the file and says what is wrong with it.
4. Card numbers are masked, and slip elements looked at as when they are received, before anything is stored.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from acquirer.data.json_text import JsonTextError, parse_json
from acquirer.data.text import printable
from acquirer.errors import ConfigurationError
from acquirer.host.services.signature import stored_element
from acquirer.model.rows import Flag, Signature, SlipElement, TransactionKey
from acquirer.process.picture_worker import decode_image
from acquirer.signature.bitmap import MAX_PIXELS
from acquirer.signature.slip_elements import CAPTURES, build_slip_elements, parse_slip_elements
from acquirer.store.uploads import with_picture
from acquirer.wire.grammar import Tag
from acquirer.wire.masking import mask_card_numbers, mask_pan

FILES_MAX: Final = 100_000
"""Files of one folder: some thirty thousand signatures."""

FILE_BYTES_MAX: Final = 1 << 20
"""Bytes of one file: images have a kilobyte, descriptions some ten."""

ALL_BYTES_MAX: Final = 512 << 20
"""Bytes that are read of one folder: three times what so many signatures have."""

DRAWING_S: Final = 10.0
"""For pictures of a whole folder; the others are left to the host that serves the store, as after an upload."""

LATEST_US: Final = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000

TEXT_MAX: Final = 1024
_KEY_CHARACTERS: Final = {"mid": 15, "tid": 8, "batch": 11, "stan": 11}
"""What each part of a key has at most: as many as its field has, or fewer than a card number has digits."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

TagsOf = Callable[[str], Mapping[str, Tag]]
"""Returns the table of slip elements of a dialect, by its name."""


class FolderError(ConfigurationError):
    """A file that is damaged, or that no export wrote: one sentence that names it."""


@dataclass(frozen=True, slots=True)
class ExportedSignature:
    """One signature of a folder, as it was read back; `png` is drawn anew, never taken from the folder."""

    name: str
    signature: Signature
    stream: bytes
    png: bytes


class SignatureFolder:
    """Reads a folder.

    Args:
        tags_of: the table of slip elements of a dialect.
        now_s: a clock that never goes back.
        drawing_s: how long pictures may be drawn in all; 0: none is, for a host that serves the store draws them.
    """

    def __init__(self, folder: Path, tags_of: TagsOf, now_s: Callable[[], float], drawing_s: float = DRAWING_S) -> None:
        self._folder = folder
        self._tags_of = tags_of
        self._now_s = now_s
        self._drawing_until_s = now_s() + drawing_s
        self._bytes_left = ALL_BYTES_MAX
        self.undrawn = 0  # pictures that are left to others

    def signatures(self) -> Iterator[ExportedSignature | FolderError]:
        """Yield the signatures by the names of their files, and an error in place of each one that is damaged.

        Raises:
            FolderError: the folder cannot be read, or has more in it than is read at once.
        """
        for name in self._descriptions():
            try:
                yield self._read(name)
            except FolderError as exc:
                if self._bytes_left < 0:
                    raise
                yield exc

    def _descriptions(self) -> list[str]:
        names = []
        try:
            with os.scandir(self._folder) as entries:
                for count, entry in enumerate(entries):
                    if count >= FILES_MAX:
                        raise FolderError(
                            f"{printable(str(self._folder))} has more than {FILES_MAX} files: import it in parts, each "
                            "in a folder of its own"
                        )
                    if entry.name.endswith(".json"):
                        names.append(entry.name)
        except OSError as exc:
            raise FolderError(f"{printable(str(self._folder))} cannot be read: {exc.strerror}") from None
        return sorted(names)

    def _read(self, name: str) -> ExportedSignature:
        shown, base = printable(name), name.removesuffix(".json")
        try:
            one = signature_of_json(_parsed(self._bytes(name)), self._tags_of)
        except JsonTextError as exc:
            raise FolderError(f"{shown} is not JSON: {exc}") from None
        except ValueError as exc:
            raise FolderError(f"{shown} describes no signature: {exc}") from None
        stream = self._bytes(f"{base}.jbg")
        if not is_image_of(one, stream):
            raise FolderError(f"{printable(base)}.jbg is not the image that {shown} describes: its bytes were changed")
        if one.picture != "made":
            return ExportedSignature(shown, one, stream, b"")
        if hashlib.sha256(self._bytes(f"{base}.png")).hexdigest() != one.png:
            raise FolderError(
                f"{printable(base)}.png is not the picture that {shown} describes: its bytes were changed"
            )
        return self._drawn(shown, one, stream)

    def _drawn(self, shown: str, one: Signature, stream: bytes) -> ExportedSignature:
        """Draw a picture anew: another Pillow may pack the same dots otherwise."""
        if self._now_s() >= self._drawing_until_s:
            self.undrawn += 1
            return ExportedSignature(shown, undrawn(one), stream, b"")
        picture = decode_image(stream)
        drawn = with_picture(one, picture)
        return ExportedSignature(shown, replace(drawn, flags=one.flags) if picture.png else drawn, stream, picture.png)

    def _bytes(self, name: str) -> bytes:
        """Return what a regular file holds, without following a link or waiting for a pipe."""
        shown, path = printable(name), self._folder / name
        try:
            _check_kind(shown, path.lstat().st_mode)  # before it is opened: a device may do something then
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
            with os.fdopen(descriptor, "rb") as file:
                _check_kind(shown, os.fstat(descriptor).st_mode)
                data = file.read(FILE_BYTES_MAX + 1)
        except OSError as exc:
            raise FolderError(f"{shown} cannot be read: {exc.strerror}") from None
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            raise FolderError(
                f"{printable(str(self._folder))} has more than {ALL_BYTES_MAX >> 20} MiB of signatures: import it in "
                "parts, each in a folder of its own"
            )
        if len(data) > FILE_BYTES_MAX:
            raise FolderError(f"{shown} has more than {FILE_BYTES_MAX} bytes: no export writes as many")
        return data


def is_image_of(one: Signature, stream: bytes) -> bool:
    """Return whether a stream is the image that a signature describes, to the last byte."""
    return len(stream) == one.stream_bytes and hashlib.sha256(stream).hexdigest() == one.digest


def undrawn(one: Signature) -> Signature:
    """Return a signature whose picture a host is to make."""
    return replace(one, picture="waiting", width=0, height=0, png="")


def _check_kind(shown: str, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kinds = ((stat.S_ISLNK, "link"), (stat.S_ISDIR, "folder"), (stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"))
    kind = next((noun for test, noun in kinds if test(mode)), "device")
    raise FolderError(f"{shown} is a {kind}, expected a file")


def _parsed(data: bytes) -> Mapping[str, Any]:
    """Return a JSON object.

    Raises:
        JsonTextError: it is no JSON.
        ValueError: it is no object.
    """
    found = parse_json(data)
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    return found


def signature_of_json(stored: Mapping[str, Any], tags_of: TagsOf) -> Signature:
    """Return the signature that `signatures.signature_json` wrote, card numbers masked.

    Raises:
        ValueError: something is missing, or is not what it should be; one phrase.
    """
    dialect = _name(stored, "dialect", r"[\w.-]{0,64}", "the name of a dialect")
    tags = tags_of(dialect)
    return Signature(
        key=TransactionKey(*[_key_part(stored, name) for name in TransactionKey._fields]),
        number=_number(stored, "number", 1, 9_999),
        digest=_text(stored, "digest", "[0-9a-f]{64}", "a SHA-256"),
        stream_bytes=_number(stored, "bytes", 0, FILE_BYTES_MAX),
        parts=_number(stored, "parts", 1, 99),
        at_us=_number(stored, "at_us", 0, LATEST_US),
        dialect=dialect,
        amount_minor=None if stored.get("amount", 0) is None else _number(stored, "amount", 0, 10**12),
        pan_masked=_masked_pan(stored),
        rrn=_text(stored, "rrn", ".{0,12}", "a text of 12 characters at most"),
        settlement_date=_text(stored, "settlement_date", "[0-9]{0,8}", "a date"),
        feature_code=_text(stored, "feature_code", "[0-9A-F]{0,8}", "8 hexadecimal digits"),
        captured=_text(stored, "captured", "|".join(["", *CAPTURES]), "what an export writes"),
        slip=tuple([_slip_element(one, tags) for one in _objects(stored, "slip", 256)]),
        flags=tuple([_flag(one) for one in _objects(stored, "findings", 64)]),
        picture=_text(stored, "picture", "waiting|made|none", "waiting, made or none"),  # type: ignore[arg-type]
        width=_number(stored, "width", 0, MAX_PIXELS),
        height=_number(stored, "height", 0, MAX_PIXELS),
        png=_text(stored, "png", "([0-9a-f]{64})?", "a SHA-256"),
    )


def _given(stored: Mapping[str, Any], name: str) -> Any:
    if name not in stored:
        raise ValueError(f"'{name}' is missing")
    return stored[name]


def _text(stored: Mapping[str, Any], name: str, pattern: str, expected: str) -> str:
    value = _given(stored, name)
    if not isinstance(value, str) or not value.isprintable() or not re.fullmatch(pattern, value):
        raise ValueError(f"'{name}' is not {expected}")
    return value


def _key_part(stored: Mapping[str, Any], name: str) -> str:
    most = _KEY_CHARACTERS[name]
    expected = f"a text of {most} characters at most, none of them a control character"
    return _text(stored, name, f".{{0,{most}}}", expected)


def _name(stored: Mapping[str, Any], name: str, pattern: str, expected: str) -> str:
    """Return a name, which is stored as it is."""
    value = _text(stored, name, pattern, expected)
    if mask_card_numbers(value) != value:
        raise ValueError(f"'{name}' is not {expected}: it holds a card number")
    return value


def _free_text(stored: Mapping[str, Any], name: str) -> str:
    """Return a text that may hold anything but half a character, card numbers masked."""
    value = _given(stored, name)
    if not isinstance(value, str) or len(value) > TEXT_MAX or _SURROGATE.search(value):
        raise ValueError(f"'{name}' is no text of {TEXT_MAX} characters at most")
    return mask_card_numbers(value)


def _number(stored: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = _given(stored, name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"'{name}' is no whole number from {least} to {most}")
    return value


def _objects(stored: Mapping[str, Any], name: str, most: int) -> list[Mapping[str, Any]]:
    value = _given(stored, name)
    if not isinstance(value, list) or len(value) > most or not all(isinstance(one, dict) for one in value):
        raise ValueError(f"'{name}' is no list of {most} objects at most")
    return value


def _masked_pan(stored: Mapping[str, Any]) -> str:
    """Return a card number as it is stored: masked, also when it is not in the folder."""
    text = _text(
        stored, "pan", r"[0-9]{0,19}|[0-9]{0,6}\*{1,19}[0-9]{0,4}", "a card number, masked as first 6 and last 4"
    )
    return text if "*" in text else mask_pan(text)


def _slip_element(stored: Mapping[str, Any], tags: Mapping[str, Tag]) -> SlipElement:
    """Return an element as if it had just been received; what was hidden then has no bytes."""
    tag = _text(stored, "tag", "[0-9A-F]{4}", "the tag of a slip element")
    value = bytes.fromhex(_text(stored, "hex", "([0-9A-F]{2}){0,255}", "the bytes of a slip element"))
    text = _free_text(stored, "text")
    if not value:
        return SlipElement(tag, "", text)
    (received,) = parse_slip_elements(build_slip_elements([(tag, value)], tags), tags)
    return stored_element(received, tags.get(tag))


def _flag(stored: Mapping[str, Any]) -> Flag:
    return Flag(_name(stored, "flag", "[a-z0-9-]{1,64}", "the name of a flag"), _free_text(stored, "why"))
