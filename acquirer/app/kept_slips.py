"""The slips that a terminal keeps, outside it: as a folder that can be checked, read back, and given to the host.

Of each slip ``<tid>-<batch>-<stan>.slip`` has its facts, as JSON with a digest, and ``.txt`` what it says. One with a
signature has three more files, as `signature_folder` reads them: ``.json``, ``.jbg``, ``.png``. What a host has lost,
or never got over a bad line, comes back with ``acquirer signatures import``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from acquirer.app.signatures import export_signature, file_name, with_its_picture
from acquirer.data.json_text import parse_json
from acquirer.dialect.dialect import Dialect
from acquirer.errors import ConfigurationError
from acquirer.host.services.signature import stored_element
from acquirer.model.rows import Signature, TransactionKey
from acquirer.settings.private_file import write_private
from acquirer.signature.feature_code import feature_code
from acquirer.signature.slip_elements import parse_slip_elements, slip_tags
from acquirer.slip.receipt import Receipt, render_receipt
from acquirer.terminal.voucher import Voucher, read_receipt

ENDING: Final = ".slip"
LARGEST_BYTES: Final = 1 << 16
"""Of one file: a slip has two thousand."""

FILES_MAX: Final = 10_000


class SlipFolderError(ConfigurationError, ValueError):
    """A file of a folder that is no slip, or was changed: one sentence that names it."""


@dataclass(frozen=True, slots=True)
class ExportedSlip:
    """A slip of a folder."""

    name: str
    receipt: Receipt
    reprints: int
    signed: bool
    image: bytes = b""  # the signature, where its files are there and are as they were exported


def write_facts(folder: Path, base: str, receipt: Receipt, reprints: int, signed: bool) -> Path:
    """Write the facts of a slip, and its text, into a folder that exists; return the path of the facts."""
    facts = asdict(receipt)
    document = {"digest": _digest(facts), "signed": signed, "reprints": reprints, "receipt": facts}
    path = folder / f"{base}{ENDING}"
    write_private(path, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())
    write_private(folder / f"{base}.txt", render_receipt(receipt, reprint=reprints, signed=signed).encode())
    return path


def export_slip(folder: Path, voucher: Voucher, dialect: Dialect, at_us: int) -> Path:
    """Write a slip into a folder that exists, with its signature where it has one; return the path of its facts."""
    receipt = voucher.receipt
    key = TransactionKey(receipt.mid, receipt.tid, receipt.batch, receipt.stan)
    signature = _signature(voucher, key, dialect, at_us)
    path = write_facts(folder, file_name(signature, counts=True), receipt, voucher.reprints, bool(voucher.image))
    if voucher.image:
        drawn, png = with_its_picture(signature, voucher.image, "log")
        export_signature(folder, drawn, True, voucher.image, png or None)
    return path


def read_slips(folder: Path) -> Iterator[ExportedSlip | SlipFolderError]:
    """Yield the slips of a folder by the names of their files, and an error in place of each that is damaged.

    Raises:
        SlipFolderError: the folder cannot be read, or has too many files.
    """
    try:
        paths = sorted(folder.glob(f"*{ENDING}"))
    except OSError as exc:
        raise SlipFolderError(f"{folder} cannot be read: {exc.strerror}") from None
    if len(paths) > FILES_MAX:
        raise SlipFolderError(
            f"{folder} has more than {FILES_MAX} slips: check it in parts, each in a folder of its own"
        )
    for path in paths:
        try:
            yield _read(path)
        except SlipFolderError as exc:
            yield exc


def _read(path: Path) -> ExportedSlip:
    try:
        if not path.is_file() or path.is_symlink():
            raise SlipFolderError(f"{path.name} is no file")
        if path.stat().st_size > LARGEST_BYTES:
            raise SlipFolderError(f"{path.name} has more than {LARGEST_BYTES} bytes: no export writes as many")
        document = parse_json(path.read_bytes())
        facts, signed, reprints = document["receipt"], bool(document["signed"]), int(document["reprints"])
        if document["digest"] != _digest(facts):
            raise SlipFolderError(f"{path.name} is not as it was exported: its facts were changed")
        image = _image(path) if signed else b""
        return ExportedSlip(path.name, read_receipt(facts), reprints, signed, image)
    except OSError as exc:
        raise SlipFolderError(f"{path.name} cannot be read: {exc.strerror}") from None
    except SlipFolderError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SlipFolderError(f"{path.name} is no slip that an export wrote") from None


def _image(path: Path) -> bytes:
    """Return the signature beside a slip; b"" where it is not there, or not as it was exported."""
    base = path.name.removesuffix(ENDING)
    try:
        stream = path.with_name(f"{base}.jbg").read_bytes()
        digest = parse_json(path.with_name(f"{base}.json").read_bytes())["digest"]
    except (OSError, ValueError, KeyError, TypeError):
        return b""
    return stream if hashlib.sha256(stream).hexdigest() == digest else b""


def _digest(facts: dict[str, Any]) -> str:
    """Return a digest over facts, however they are written."""
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _signature(voucher: Voucher, key: TransactionKey, dialect: Dialect, at_us: int) -> Signature:
    """Return the signature of a slip as a host would keep it, had its upload arrived."""
    receipt, values = voucher.receipt, voucher.values
    date = str(values.get("settlement_date", ""))
    try:
        code = feature_code(date, receipt.rrn)
    except ValueError:
        code = ""
    tags, sent = slip_tags(dialect), values.get("slip", b"")
    elements = parse_slip_elements(sent, tags) if isinstance(sent, bytes) else ()
    return Signature(
        key=key,
        number=1,
        digest=hashlib.sha256(voucher.image).hexdigest(),
        stream_bytes=len(voucher.image),
        at_us=at_us,
        dialect=dialect.name,
        amount_minor=receipt.amount_minor,
        pan_masked=receipt.card,
        rrn=receipt.rrn,
        settlement_date=date,
        feature_code=code,
        captured=voucher.capture,
        slip=tuple(stored_element(one, tags.get(one.tag)) for one in elements),
    )
