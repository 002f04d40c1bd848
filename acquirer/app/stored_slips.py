"""Slips from a store: the booked transaction with its signature, and links by which a customer may look at one.

A link names the transaction and carries a keyed digest of that name, so who has it sees this slip and can make no
other link; nothing about it is stored.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Final

from acquirer.app.receipts import image_of, receipt_of
from acquirer.app.signatures import stored_signature_of
from acquirer.dialect.dialect import Dialect
from acquirer.model.rows import Transaction, TransactionKey
from acquirer.security.vault import Vault
from acquirer.settings.config import Config
from acquirer.settings.specs import dialect_names, load_dialect
from acquirer.signature.bitmap import Bitmap
from acquirer.slip.receipt import Receipt
from acquirer.store import Reader

_DIGEST_DIGITS: Final = 32
_PURPOSE: Final = "receipt link"
_BETWEEN: Final = "\n"  # in no number of a terminal, batch or merchant


def stored_slip(reader: Reader, transaction: Transaction, config: Config) -> tuple[Receipt, Bitmap | None]:
    """Return what to print of a transaction, and its signature; None when there is none that can be drawn."""
    key = transaction.key
    signature = stored_signature_of(reader, key.tid, key.stan, key.batch)
    stream = reader.blob(signature.digest) if signature else None
    terminal = reader.terminal(key.tid)
    receipt = receipt_of(
        _dialect(signature.dialect if signature else "", config.dialect),
        transaction,
        signature,
        terminal[0].name if terminal else "",
        config.timezone,
        config.no_sign_limit_minor,
        reader.transaction(transaction.original) if transaction.original else None,
    )
    return receipt, image_of(stream) if stream else None


def receipt_token(vault: Vault, key: TransactionKey) -> str:
    """Return what stands in the link to a slip."""
    name = _BETWEEN.join(key)
    return vault.digest(_PURPOSE + _BETWEEN + name) + base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def key_of_token(vault: Vault, token: str) -> TransactionKey | None:
    """Return the transaction that a link names; None when it is none of ours."""
    digest, written = token[:_DIGEST_DIGITS], token[_DIGEST_DIGITS:]
    try:
        name = base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    if not hmac.compare_digest(vault.digest(_PURPOSE + _BETWEEN + name).encode(), digest.encode()):
        return None
    return TransactionKey(*name.split(_BETWEEN))


def _dialect(name: str, usual: str) -> Dialect:
    """Return the dialect of a signature's upload, if it is one that ships; else the usual one."""
    return load_dialect(name if name in dialect_names() else usual)
