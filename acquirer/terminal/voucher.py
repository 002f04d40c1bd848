"""The voucher (凭证) of an approved transaction: its receipt, the values an upload repeats, and its signature, if any.

A terminal keeps the last one, and every signed one until the host has its signature. On disk the card number and the
picture are sealed, each voucher on its own: one that is damaged takes no other with it, and its receipt, which holds no
secret, can still be printed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from acquirer.data.json_text import parse_json
from acquirer.data.types import Randbytes
from acquirer.security.vault import Vault, VaultError
from acquirer.slip.receipt import Receipt
from acquirer.wire.message import Value


@dataclass(frozen=True, slots=True)
class Voucher:
    """One approved transaction, as long as its slip is of use."""

    receipt: Receipt
    values: Mapping[str, Value] = field(default_factory=dict, repr=False)  # by element: what an upload repeats
    feature: str = ""  # 交易特征码, the watermark that binds the signature to this transaction
    image: bytes = field(default=b"", repr=False)  # the signature, JBIG1; b"": not signed
    capture: str = ""  # how: a word of `signature.slip_elements.CAPTURES`
    tries: int = 0  # uploads that did not end well
    failed: bool = False  # left for the rounds before settlement
    reprints: int = 0  # of the receipt

    @property
    def key(self) -> tuple[str, str]:
        """Batch and STAN: what tells it from every other voucher of this terminal."""
        return self.receipt.batch, self.receipt.stan

    @property
    def damaged(self) -> bool:
        """Its sealed part could not be opened: it cannot be uploaded, only printed."""
        return bool(self.capture) and not self.image


def dump(voucher: Voucher, tid: str, vault: Vault, randbytes: Randbytes) -> dict[str, Any]:
    """Return `voucher` as a JSON object."""
    values = {name: value if isinstance(value, str) else {"hex": value.hex()} for name, value in voucher.values.items()}
    hidden = json.dumps({"values": values, "image": voucher.image.hex()}).encode()
    return {
        "receipt": asdict(voucher.receipt),
        "feature": voucher.feature,
        "capture": voucher.capture,
        "tries": voucher.tries,
        "failed": voucher.failed,
        "reprints": voucher.reprints,
        "sealed": vault.seal(_context(tid, voucher.receipt), hidden, randbytes).hex(),
    }


def load(document: dict[str, Any], tid: str, vault: Vault) -> Voucher:
    """Return the voucher that `dump` wrote; without its sealed part when that does not open.

    Raises:
        ValueError, KeyError, TypeError: the rest is no voucher.
    """
    plain = dict(document)
    receipt = read_receipt(plain.pop("receipt"))
    sealed = plain.pop("sealed")
    try:
        hidden = parse_json(vault.open(_context(tid, receipt), bytes.fromhex(sealed)))
    except (VaultError, ValueError):
        hidden = {"values": {}, "image": ""}
    values = {
        name: value if isinstance(value, str) else bytes.fromhex(value["hex"])
        for name, value in hidden["values"].items()
    }
    return Voucher(receipt=receipt, values=values, image=bytes.fromhex(hidden["image"]), **plain)


def read_receipt(document: dict[str, Any]) -> Receipt:
    """Return a receipt from its JSON object, also from one that version 0.1 wrote."""
    fields = dict(document)
    if "free_minor" in fields:  # its name in version 0.1
        fields["no_cvm_limit_minor"] = fields.pop("free_minor")
    for name in ("chip", "details"):  # an earlier version had no details
        fields[name] = tuple((label, value) for label, value in fields.get(name, ()))
    return Receipt(**{**fields, "remarks": tuple(fields["remarks"])})


def _context(tid: str, receipt: Receipt) -> str:
    return f"terminal-voucher:{tid}:{receipt.batch}:{receipt.stan}"
