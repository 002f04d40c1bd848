"""The receipt of a transaction, printed again from the host's store: the booked transaction and its signature."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from acquirer.dialect.amounts import decimals_of
from acquirer.dialect.dialect import Dialect
from acquirer.host.kinds import KINDS, title_of
from acquirer.host.signature_limit import no_signature_limit_minor
from acquirer.model.rows import Signature, Transaction
from acquirer.signature import image_checks, jbig_decoder
from acquirer.signature.bitmap import Bitmap
from acquirer.signature.slip_elements import ROLES
from acquirer.slip.kind_facts import SlipDetails, instalment_details, points_details
from acquirer.slip.receipt import Receipt, decimal_amount
from acquirer.slip.words import STATES, kind_text
from acquirer.terminal.kinds import KINDS as TERMINAL_KINDS

CHIP = (("ARQC", "cryptogram"), ("AID", "aid"), ("APP LABEL", "application_label"))
"""Of the IC block, what an upload carries: label and role of the slip element."""


@dataclass(frozen=True, slots=True)
class SlipQuery:
    """What is known of a slip; an empty field fits any."""

    tid: str = ""
    stan: str = ""
    batch: str = ""
    mid: str = ""
    date: str = ""  # MMDD or YYYYMMDD, as the slip shows it
    amount_minor: int | None = None
    last4: str = ""  # of the card
    rrn: str = ""

    def fits(self, transaction: Transaction, zone: ZoneInfo) -> bool:
        """Return whether it may be this one."""
        key = transaction.key
        return (
            self.tid in ("", key.tid)
            and self.stan in ("", key.stan)
            and self.batch in ("", key.batch)
            and self.mid in ("", key.mid)
            and self.rrn in ("", transaction.rrn)
            and self.amount_minor in (None, transaction.amount_minor)
            and transaction.pan_masked.endswith(self.last4)
            and (not self.date or f"{_moment(transaction, zone):%Y%m%d}".endswith(self.date))
        )


def find_slips(transactions: Iterable[Transaction], query: SlipQuery, timezone: str) -> list[Transaction]:
    """Return the transactions that fit, in the order of their arrival."""
    zone = ZoneInfo(timezone)
    return [one for one in transactions if query.fits(one, zone)]


def stands_on_paper(transaction: Transaction) -> bool:
    """Return whether there is a slip of it: it moves money, and it was approved once."""
    return transaction.state not in ("declined", "tombstone") and has_receipt(transaction.kind)


def has_receipt(kind: str) -> bool:
    """Return whether an approved transaction of this kind gets a slip: those that move money do."""
    found = KINDS.get(kind)
    return found is not None and found.moves_money


def receipt_of(
    dialect: Dialect,
    transaction: Transaction,
    signature: Signature | None,
    merchant: str,
    timezone: str,
    limit_minor: int | None = None,
    original: Transaction | None = None,
) -> Receipt:
    """Return what to print: as the terminal sent it beside the signature, where it did, else as the host booked it.

    Args:
        limit_minor: replaces the dialect's limit up to which contactless sales need no signature.
        original: the sale that a void or a refund is tied to, if the store still has it.
    """
    profile = dialect.terminal_profile
    sent = {one.tag: one.text for one in signature.slip} if signature else {}

    def uploaded(role: str) -> str:
        return sent.get(ROLES[role], "")

    def constant(element: str) -> str:
        return dialect.constants.get(element, "").strip()

    def institution(role: str) -> str:
        element, start, stop = profile.slip.names.get(role, ("", 0, 0)) if profile else ("", 0, 0)
        return uploaded(role) or dialect.constants.get(element, "")[start:stop].strip()

    zone = ZoneInfo(timezone)
    entry = profile.entries.get(profile.entry_of(transaction.entry_mode)) if profile else None
    references = TERMINAL_KINDS[transaction.kind].references
    original_stan = transaction.original.stan if transaction.original else ""
    return Receipt(
        merchant=uploaded("merchant") or merchant,
        mid=transaction.key.mid,
        tid=transaction.key.tid,
        exponent=decimals_of(dialect),
        operator=uploaded("operator") or transaction.operator.strip(),
        card=transaction.pan_masked,
        entry=entry.letter if entry else "N",
        kind=_title(dialect, transaction.kind),
        batch=transaction.key.batch if dialect.numbering.within == "batch" else "",
        stan=transaction.key.stan,
        amount_minor=transaction.amount_minor,
        currency=profile.slip.currency if profile else transaction.currency,
        organisation=constant("organisation"),
        issuer=institution("issuer"),
        acquirer=institution("acquirer"),
        auth_id=transaction.auth_id,
        rrn=transaction.rrn,
        at=f"{_moment(transaction, zone):%Y/%m/%d %H:%M:%S}",
        chip=tuple((label, uploaded(role)) for label, role in CHIP if uploaded(role)),
        remarks=_remarks(transaction, decimals_of(dialect)),
        no_cvm_limit_minor=no_signature_limit_minor(dialect, transaction, limit_minor) if signature is None else 0,
        pin=profile is not None and entry is not None and transaction.entry_mode == profile.entry_mode(entry, pin=True),
        credit=KINDS[transaction.kind].total == "credit",
        original_stan=original_stan if "stan" in references else "",
        original_rrn=original.rrn if original and "rrn" in references else "",
        original_date=f"{_moment(original, zone):%m%d}" if original and "date" in references else "",
        original_auth_id=original.auth_id if original and "auth_id" in references else "",
        details=_details(dialect, transaction, original, profile.slip.currency if profile else transaction.currency),
        service=transaction.kind,
    )


def slip_differences(receipt: Receipt, transaction: Transaction) -> list[str]:
    """Return what a slip says otherwise than the books, in phrases."""
    facts = (
        ("amount", *(decimal_amount(one.amount_minor, receipt.exponent) for one in (receipt, transaction))),
        ("card", receipt.card, transaction.pan_masked),
        ("reference number", receipt.rrn, transaction.rrn),
        ("authorisation code", receipt.auth_id, transaction.auth_id),
        ("kind", receipt.service, transaction.kind),
    )
    found = [
        f"{name} {slip} on the slip, {booked} in the books" for name, slip, booked in facts if slip and slip != booked
    ]
    if not stands_on_paper(transaction):
        found.append(f"approved on the slip, {transaction.state} in the books")
    return found


def image_of(stream: bytes) -> Bitmap | None:
    """Return a signature's image for a slip, an inverted one the right way round; None when it cannot be decoded."""
    try:
        bitmap = jbig_decoder.decode_jbig(stream).bitmap
    except ValueError:
        return None
    inverted = any(one.flag is image_checks.ImageFlag.INVERTED for one in image_checks.check_image(bitmap))
    return image_checks.inverted(bitmap) if inverted else bitmap


def _title(dialect: Dialect, kind: str) -> str:
    """Return what a kind is called on slips: ``消费/SALE``; in English only where there are no words for it."""
    route = next((one for one in dialect.routes if one.service == kind), None)
    return kind_text(kind, (route.title.zh, route.title.en) if route else ("", title_of(kind)))


def _details(dialect: Dialect, transaction: Transaction, original: Transaction | None, currency: str) -> SlipDetails:
    """Return the further facts of a kind, as far as the host knows them."""
    replied = transaction.reply_elements
    details = [
        *instalment_details(replied.get("instalments", ""), currency),
        *points_details(replied.get("points", ""), currency),
    ]
    if voucher := dialect.forms.qr_voucher.read(replied.get("qr_voucher", "")):
        details.append(("qr_voucher", voucher))
    if KINDS[transaction.kind].replaces:
        if original is not None and TERMINAL_KINDS[transaction.kind].verb == "tip":
            tip_minor = transaction.amount_minor - original.amount_minor
            details.append(("tip", f"{currency} {decimal_amount(tip_minor, decimals_of(dialect))}"))
        details.append(("total", f"{currency} {decimal_amount(transaction.amount_minor, decimals_of(dialect))}"))
    if original is not None and KINDS[transaction.kind].to_original == "void" and original.original is not None:
        details.append(("original_auth_id", original.auth_id))
    return tuple(details)


def _moment(transaction: Transaction, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(transaction.at_us / 1_000_000, zone)


def _remarks(transaction: Transaction, decimals: int) -> tuple[str, ...]:
    remark = STATES.get(transaction.state, "")
    if transaction.state == "refunded":
        remark += f" {decimal_amount(transaction.refunded_minor, decimals)}"
    return (remark,) if remark else ()
