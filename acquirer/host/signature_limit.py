"""Up to which amount a transaction needs no signature (小额免密免签).

Nothing on the wire marks one that needs none: a host can only work it out from entry mode and amount.
"""

from __future__ import annotations

from acquirer.dialect.dialect import Dialect
from acquirer.host.kinds import KINDS
from acquirer.model.rows import Transaction


def no_signature_limit_minor(dialect: Dialect, transaction: Transaction, limit_minor: int | None = None) -> int:
    """Return the limit up to which a transaction like this needs no signature, 0 when it needs one.

    `limit_minor` replaces the dialect's limit.
    """
    profile = dialect.terminal_profile
    if profile is None or not KINDS[transaction.kind].free:
        return 0
    dialect_limit_minor = profile.slip.free.get(profile.entry_of(transaction.entry_mode))
    if dialect_limit_minor is None:
        return 0
    limit = dialect_limit_minor if limit_minor is None else limit_minor
    return limit if transaction.amount_minor <= limit else 0
