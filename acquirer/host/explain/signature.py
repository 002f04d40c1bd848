"""Why the upload of a signature was answered as it was, in sentences; the manners are `why`'s."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from acquirer.data.text import plural
from acquirer.host.calendar import Calendar
from acquirer.host.kinds import title_of
from acquirer.host.request import Request
from acquirer.host.text import money, named
from acquirer.model.rows import Signature, SignaturePart, Transaction, Uploaded
from acquirer.signature.jbig import UNKNOWN_HEIGHT, JbigError, read_header


def kept(calendar: Calendar, signature: Signature, stream: bytes, before: Signature | None, kind: str) -> str:
    """Say that a signature is taken; `kind` is that of its transaction."""
    key = signature.key
    whole = f", from {plural(signature.parts, 'part')}" if signature.parts > 1 else ""
    how = f", captured by {signature.captured}" if signature.captured not in ("", "none") else ""
    sentence = (
        f"signature kept for the {title_of(kind)} of {money(signature.amount_minor)} with STAN {key.stan}, "
        f"batch {key.batch}: {plural(len(stream), 'byte')}{whole}{_size(stream)}{how}"
    )
    if before is None:
        return sentence
    return f"{sentence}; it replaces the one of {calendar.words(before.at_us)}, which is kept beside it"


def known(calendar: Calendar, signature: Signature, latest: bool) -> str:
    """The same image, again."""
    key = signature.key
    sentence = (
        f"this signature came at {calendar.words(signature.at_us)} already, for STAN {key.stan}, batch {key.batch}: "
        "take 94 for a success and forget it"
    )
    return sentence if latest else f"{sentence}; another one came since and counts"


def closed(signature: Signature, open_batch: str, kind: str) -> str:
    """Say that a transaction is signed and settled: another image comes too late."""
    key = signature.key
    return (
        f"the {title_of(kind)} with STAN {key.stan} has a signature, and its batch {key.batch} is closed (batch "
        f"{open_batch} is open): it is not replaced any more"
    )


def too_many(count: int, stan: str, kind: str) -> str:
    """Say that an image would be one too many for its transaction."""
    signed = f"the {title_of(kind)} with STAN {stan} was signed {plural(count, 'time')} already"
    return f"{signed}: no more are kept for one {title_of(kind)}"


def no_sale(request: Request, sale: Transaction | None, uploaded: Uploaded, open_batch: str = "") -> str:
    """Say that there is no transaction that could be signed."""
    where = f"of terminal {request.tid} with STAN {request.stan} in batch {request.batch}"
    if sale is not None and sale.state == "declined":
        return f"the {title_of(sale.kind)} {where} was declined ({sale.code}): there is nothing to sign; {_APPROVED}"
    if sale is not None and sale.state == "tombstone":
        return f"of the sale {where} only its reversal came: there is nothing to sign"
    if sale is not None:
        return f"the {title_of(sale.kind)} {where} is not signed by the cardholder"
    elsewhere = uploaded.elsewhere
    if elsewhere is None and request.stan == open_batch and request.batch != open_batch:
        exchanged = f"batch {open_batch} is open, so batch and STAN look exchanged; send each in its place"
        return f"there is no sale {where}; {exchanged}"
    if elsewhere is None:
        return f"there is no sale {where}; upload a signature under the STAN and batch of its sale"
    fits = request.amount_minor in (None, elsewhere.amount_minor)
    return (
        f"there is no sale {where}, but one of {money(elsewhere.amount_minor)} with this STAN in batch "
        f"{elsewhere.key.batch}{_OTHER_BATCH if fits else ''}"
    )


_APPROVED: Final = "upload signatures of approved sales only"
_REPEAT: Final = "repeat what the sale had"
_OTHER_SALE: Final = ", or send the STAN of the sale that has this reference number"
_OTHER_BATCH: Final = ": the terminal names its current batch, not the batch of the sale; repeat that of the sale"


def differs(name: str, ours: str | int, theirs: str | int | None) -> str:
    """Something that the sale and the upload of its signature disagree about."""
    if name == "amount":
        ours, theirs = money(int(ours)), money(None if theirs is None else int(theirs))
    repeat = f"{_REPEAT}{_OTHER_SALE if name == 'reference number' else ''}"
    return f"{name} {named(str(ours))} in the sale, {named(str(theirs))} in the upload of its signature; {repeat}"


def sale_undone(calendar: Calendar, sale: Transaction) -> str:
    """Say that a sale does not stand any more: its signature is kept, for it may be asked for in a dispute."""
    past = f"reversed at {calendar.words(sale.reversed_us)}" if sale.state == "reversed" else sale.state
    return f"the {title_of(sale.kind)} was {past}; its signature is kept all the same; upload none for it"


def time_differs(sold: datetime, printed: datetime) -> str:
    """A slip dated otherwise than its sale."""
    year = printed.replace(year=sold.year) if (printed.month, printed.day) != (2, 29) else printed
    hint = ": the terminal puts the year of the upload on the slip" if abs((year - sold).days) < 1 else ""
    return f"the slip says {printed:%Y-%m-%d %H:%M:%S}, the sale was at {sold:%Y-%m-%d %H:%M:%S}{hint}"


def part_kept(part: SignaturePart, function: str, waiting: int) -> str:
    """A part that is taken and waits."""
    key = part.key
    return (
        f"part {function} of the signature of STAN {key.stan}, batch {key.batch} kept: "
        f"{plural(len(part.stream), 'byte')}; "
        f"{plural(waiting, 'part')} {'waits' if waiting == 1 else 'wait'} for the rest"
    )


def parts_missing(missing: list[str], last: str) -> str:
    """The last part came before others."""
    names = ", ".join(missing)
    return (
        f"{last} says it is the last part, but {names} did not come; send the missing part, the rest is kept for "
        "five minutes"
    )


def parts_mixed(name: str, fitting: int, problem: str) -> str:
    """All parts came, and do not make one image that can be distinguished from others."""
    if fitting:
        found = f"{fitting} images could be made of them"
    else:
        found = f"no image that ends where it should can be made of them ({problem})"
    return (
        f"with {name} all parts of a signature are there, but {found}: parts of different images for one sale; send "
        "all parts again, one image after the other"
    )


def _size(stream: bytes) -> str:
    try:
        header = read_header(stream)
    except JbigError:
        return ""
    height = "?" if header.height == UNKNOWN_HEIGHT else str(header.height)
    return f", {header.width} × {height} pixels"
