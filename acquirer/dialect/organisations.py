"""Card organisations (DE 63 of UnionPay's replies): which is the country's own, and which are foreign."""

from __future__ import annotations

from acquirer.dialect.dialect import Dialect


def is_foreign_organisation(dialect: Dialect, organisation: str) -> bool:
    """Return whether a reply names another organisation than the dialect's own."""
    own = [dialect.constants.get(name, "")[:3] for name in ("organisation", "refund_organisation")]
    return bool(organisation) and organisation[:3] not in own  # behind three characters a reply may have text
