"""The receipt of a sale, printed again from what the host keeps: the booked sale and its signature."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from acquirer.app.unsigned import free_minor
from acquirer.dialect.dialect import Dialect
from acquirer.model.rows import Signature, Transaction
from acquirer.signature import image_checks, jbig_decoder
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.slip_elements import ROLES
from acquirer.slip.receipt import Receipt

REVERSED = "已冲正 REVERSED"
"""On the receipt of a sale that does not stand any more."""

CHIP = (("ARQC", "cryptogram"), ("AID", "aid"), ("APP LABEL", "application_label"))
"""Of the IC block, what an upload tells: label and role of the slip element."""


def receipt_of(
    dialect: Dialect,
    sale: Transaction,
    signature: Signature | None,
    merchant: str,
    timezone: str,
    limit_minor: int | None = None,
) -> Receipt:
    """What to print: as the terminal told it beside the signature, where it did, else as the host knows it."""
    profile, told = dialect.terminal_profile, {one.tag: one.text for one in signature.slip} if signature else {}

    def said(role: str) -> str:
        return told.get(ROLES[role], "")

    def constant(element: str) -> str:
        return dialect.constants.get(element, "").strip()

    def institution(role: str) -> str:
        element, start, stop = profile.slip.names.get(role, ("", 0, 0)) if profile else ("", 0, 0)
        return said(role) or dialect.constants.get(element, "")[start:stop].strip()

    entry = profile.entries.get(profile.entry_of(sale.entry_mode)) if profile else None
    title = dialect.find_route(sale.kind).title
    limit = free_minor(dialect, sale, limit_minor) if signature is None else 0
    return Receipt(
        merchant=said("merchant") or merchant,
        mid=sale.key.mid,
        tid=sale.key.tid,
        operator=said("operator") or sale.operator.strip(),
        card=sale.pan_masked,
        entry=entry.letter if entry else "N",
        kind=f"{title.zh}/{title.en.upper()}" if title.zh else title.en.upper(),
        batch=sale.key.batch if dialect.numbering.within == "batch" else "",
        stan=sale.key.stan,
        amount_minor=sale.amount_minor,
        currency=profile.slip.currency if profile else sale.currency,
        organisation=constant("organisation"),
        issuer=institution("issuer"),
        acquirer=institution("acquirer"),
        auth_id=sale.auth_id,
        rrn=sale.rrn,
        at=f"{datetime.fromtimestamp(sale.at_us / 1_000_000, ZoneInfo(timezone)):%Y/%m/%d %H:%M:%S}",
        chip=tuple((label, said(role)) for label, role in CHIP if said(role)),
        remarks=(REVERSED,) if sale.state == "reversed" else (),
        no_cvm_limit_minor=limit,
        pin=profile is not None and entry is not None and sale.entry_mode == profile.entry_mode(entry, pin=True),
    )


def ink_of(stream: bytes) -> Bitmap | None:
    """A signature's image for a slip; ink and paper in their places, None when it cannot be decoded."""
    try:
        bitmap = jbig_decoder.decode_jbig(stream).bitmap
    except ValueError:
        return None
    inverted = any(one.flag is image_checks.ImageFlag.INVERTED for one in image_checks.check_image(bitmap))
    return image_checks.inverted(bitmap) if inverted else bitmap
